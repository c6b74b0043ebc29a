using System.Collections.Concurrent;
using Qmtl.Data;

namespace Qmtl.History.Relational;

/// <summary>
/// What a store has written to. A table or a column that it wrote and that is gone is made again like any that is missing; only
/// who remembers it can tell that something was lost.
/// </summary>
internal sealed class WrittenTables(string displayName)
{
    // By table; sets, as far as the framework has concurrent ones.
    private readonly ConcurrentDictionary<string, ConcurrentDictionary<string, bool>> _columns = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<StreamKey, ConcurrentDictionary<string, bool>> _warnings = new();

    /// <summary>Remembers the columns that a lasting write went to.</summary>
    public void Wrote(string table, IEnumerable<string> columns)
    {
        ConcurrentDictionary<string, bool> known = _columns.GetOrAdd(table, static _ => new(StringComparer.OrdinalIgnoreCase));
        foreach (string column in columns)
        {
            known.TryAdd(column, true);
        }
    }

    /// <summary>Warns where something that was just made for a stream had been written to before.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="table">The table.</param>
    /// <param name="isNew">Whether the table itself was made.</param>
    /// <param name="columns">The columns that were made.</param>
    public void Made(StreamKey stream, string table, bool isNew, IEnumerable<string> columns)
    {
        if (!_columns.TryGetValue(table, out ConcurrentDictionary<string, bool>? known))
        {
            return;
        }

        if (isNew)
        {
            _columns.TryRemove(table, out _);
            Warn($"The table '{table}' in {displayName} is gone, although bars had been written to it, and was made again. Those bars are missing: run again to fetch them.");
            return;
        }

        string[] lost = [.. columns.Where(known.ContainsKey)];
        if (lost.Length > 0)
        {
            string names = string.Join(", ", lost.Select(column => $"'{column}'"));
            Warn(
                $"The table '{table}' in {displayName} no longer had {(lost.Length == 1 ? "its column" : "its columns")} {names}, although bars had been written there, and it was made again. "
                + "Bars stored before have no value in it, and count as stored: to fetch them anew, delete them and run again.");
        }

        void Warn(string text) => _warnings.GetOrAdd(stream, static _ => new(StringComparer.Ordinal)).TryAdd(text, true);
    }

    /// <summary>The stream's warnings since the last call.</summary>
    public IReadOnlyList<string> TakeWarnings(StreamKey stream) =>
        _warnings.TryRemove(stream, out ConcurrentDictionary<string, bool>? warnings) ? [.. warnings.Keys] : [];
}
