using System.Collections.Concurrent;
using System.Globalization;
using Qmtl.Data;

namespace Qmtl.History.Relational;

/// <summary>
/// What a store has written to. A table or a column that it wrote and that is gone is made again like any that is missing; only
/// who remembers it can tell that something was lost.
/// </summary>
internal sealed class WrittenTables(string displayName)
{
    // From here on, whoever waited meanwhile should be able to find out for what.
    private static readonly TimeSpan LongRewrite = TimeSpan.FromSeconds(10);

    // By table; sets, as far as the framework has concurrent ones.
    private readonly ConcurrentDictionary<string, ConcurrentDictionary<string, bool>> _columns = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<StreamKey, ConcurrentDictionary<string, bool>> _warnings = new();
    private readonly ConcurrentDictionary<string, bool> _risks = new(StringComparer.Ordinal);

    /// <summary>Remembers the columns that a lasting write went to.</summary>
    /// <param name="stream">The stream that was written.</param>
    /// <param name="table">The table.</param>
    /// <param name="columns">Its columns that were written.</param>
    /// <param name="risk">What the store cannot promise of the table, of which it warns once; null where there is nothing.</param>
    public void Wrote(StreamKey stream, string table, IEnumerable<string> columns, string? risk)
    {
        if (risk is not null && _risks.TryAdd(risk, true))
        {
            Warn(stream, risk);
        }

        ConcurrentDictionary<string, bool> known = _columns.GetOrAdd(table, static _ => new(StringComparer.OrdinalIgnoreCase));
        foreach (string column in columns)
        {
            known.TryAdd(column, true);
        }
    }

    /// <summary>
    /// Warns where something that was just made for a stream had been written to before, or changes a table that was there before.
    /// </summary>
    /// <param name="stream">The stream.</param>
    /// <param name="table">The table.</param>
    /// <param name="isNew">Whether the table itself was made.</param>
    /// <param name="columns">The columns that were made.</param>
    public void Made(StreamKey stream, string table, bool isNew, IEnumerable<string> columns)
    {
        bool hasWritten = _columns.TryGetValue(table, out ConcurrentDictionary<string, bool>? known);
        if (isNew)
        {
            if (hasWritten)
            {
                _columns.TryRemove(table, out _);
                Warn(
                    stream,
                    $"The table '{table}' in {displayName} is gone, although bars had been written to it, and was made again. Those bars "
                        + $"are missing: run again to fetch them.");
            }

            return;
        }

        string[] told = hasWritten ? [.. columns.Where(known!.ContainsKey)] : [.. columns];
        if (told.Length > 0)
        {
            string names = $"{(told.Length == 1 ? "column" : "columns")} {string.Join(", ", told.Select(column => $"'{column}'"))}";
            string it = told.Length == 1 ? "it" : "them";
            Warn(
                stream,
                hasWritten
                    ? $"The table '{table}' in {displayName} no longer had its {names}, although bars had been written there, and it was "
                        + $"made again. "
                        + "Bars stored before have no value in it, and count as stored: to fetch them anew, delete them and run again."
                    : $"The table '{table}' in {displayName} had no {names}, and got {it}, because the bars have values there. Bars stored "
                        + $"before have none in {it}.");
        }
    }

    /// <summary>
    /// Tells that columns of whole numbers were made columns of doubles, and how long that took where others had to wait for it.
    /// </summary>
    public void Widened(StreamKey stream, string table, IEnumerable<StoredColumn> columns, TimeSpan took)
    {
        string wait = took < LongRewrite ? string.Empty : string.Create(
            CultureInfo.InvariantCulture,
            $" Checking and rewriting the table took {took.TotalSeconds:0} s, in which no time-out ends it and other sessions wait.");
        foreach (StoredColumn column in columns)
        {
            Warn(
                stream,
                $"Column '{column.Name}' of table '{table}' in {displayName} was of type {column.TypeName} and holds doubles now, because "
                    + $"a number with a fraction came. "
                + $"Every number in it is the same as before.{wait}");
        }
    }

    /// <summary>Tells for whom a write had to wait.</summary>
    public void Waited(StreamKey stream, string holder) => Warn(stream, $"A write to {displayName} had to wait. {holder}");

    /// <summary>The stream's warnings since the last call.</summary>
    public IReadOnlyList<string> TakeWarnings(StreamKey stream) =>
        _warnings.TryRemove(stream, out ConcurrentDictionary<string, bool>? warnings) ? [.. warnings.Keys] : [];

    private void Warn(StreamKey stream, string text) =>
        _warnings.GetOrAdd(stream, static _ => new(StringComparer.Ordinal)).TryAdd(text, true);
}
