using System.Collections;
using Qmtl.Data;
using Qmtl.Messages;
using Qmtl.Time;

namespace Qmtl.Fetching.Files;

/// <summary>Reads the times of a table's rows: instants as they are, numbers and texts by what all of them together tell.</summary>
/// <param name="table">The table.</param>
/// <param name="column">The number of its time column.</param>
internal sealed class TableTimes(ITable table, int column)
{
    private const int MostProblems = 100;

    private readonly TimeNumbers _numbers = new();
    private readonly List<UnreadableRow> _problems = [];
    private bool _anyWithoutOffset;

    /// <summary>The number of the time column.</summary>
    public int Column { get; } = column;

    /// <summary>The first rows without a time that can be read.</summary>
    public IReadOnlyList<UnreadableRow> Problems => _problems;

    /// <summary>How the times are written, for people.</summary>
    public string Format =>
        (table.Columns[Column].IsInstant ? "timestamps" : _numbers.HasAny ? _numbers.Format : "ISO 8601")
            + (_anyWithoutOffset ? ", UTC where they have no offset" : string.Empty);

    /// <summary>What whoever gets the rows should be told of their times.</summary>
    public IEnumerable<SourceNote> Notes => SourceNote.OfTimes(
        _numbers.AreOfSeveralUnits ? _numbers.Describe() : null, _anyWithoutOffset);

    /// <summary>Whether ticks since 1970 are a time that .NET has a date for.</summary>
    public static bool IsOfCalendar(long ticks) =>
        ticks >= (DateTime.MinValue - DateTime.UnixEpoch).Ticks && ticks <= (DateTime.MaxValue - DateTime.UnixEpoch).Ticks;

    /// <summary>Looks at all times that are numbers.</summary>
    /// <exception cref="SourceException">They are of several kinds that cannot be told apart.</exception>
    public void LookAtNumbers(string path, CancellationToken cancellationToken)
    {
        for (int group = 0; group < table.Groups.Count && !table.Columns[Column].IsInstant; group++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            BarColumn times = table.Read(group, [Column])[0];
            for (int row = 0; row < times.Length; row++)
            {
                if (TimestampValue.Look(times.GetValue(row), out long number, out _) == TimestampValue.Kind.Number)
                {
                    _numbers.LookAt(number);
                }
            }
        }

        if (_numbers.Mixture is { } mixture)
        {
            throw new SourceException($"{path}: The times in {table.Columns[Column].Name} {mixture}");
        }
    }

    /// <summary>Reads the times of one group of rows.</summary>
    /// <param name="times">The time column of the group.</param>
    /// <param name="firstRow">The number of its first row in the file, from 1.</param>
    public GroupTimes Read(BarColumn times, long firstRow)
    {
        bool isInstant = table.Columns[Column].IsInstant;
        _anyWithoutOffset |= isInstant && !table.Columns[Column].IsUtc;
        long[] seconds = new long[times.Length];
        var areRead = new BitArray(times.Length);
        var subSeconds = new SubSeconds();
        TimeReading reading = _numbers.Reading;
        for (int row = 0; row < seconds.Length; row++)
        {
            int nanoseconds = 0;
            if (isInstant && !times.IsNull(row) && IsOfCalendar(((BarColumn<long>)times).Values.Span[row]))
            {
                seconds[row] = Math.DivRem(((BarColumn<long>)times).Values.Span[row], TimeSpan.TicksPerSecond, out long rest);
                (seconds[row], rest) = rest < 0 ? (seconds[row] - 1, rest + TimeSpan.TicksPerSecond) : (seconds[row], rest);
                nanoseconds = (int)rest * 100;
                areRead[row] = true;
            }
            else
            {
                object? value = times.GetValue(row);
                TimestampValue.Kind kind = isInstant
                    ? TimestampValue.Kind.None
                    : TimestampValue.Look(value, out seconds[row], out nanoseconds);
                bool isNumber = kind == TimestampValue.Kind.Number;
                areRead[row] = kind is not TimestampValue.Kind.None
                    && (!isNumber || (seconds[row] != long.MinValue && TimeNumbers.UnitOf(seconds[row]) is not null));
                _anyWithoutOffset |= kind == TimestampValue.Kind.WithoutOffset || (isNumber && reading.IsDate);
                if (!areRead[row])
                {
                    Note(firstRow + row, value);
                }
                else if (isNumber)
                {
                    (seconds[row], nanoseconds) = reading.Read(seconds[row]);
                }
            }

            subSeconds.Set(row, nanoseconds);
        }

        return new(seconds, subSeconds.Build(seconds.Length), areRead);
    }

    private void Note(long row, object? value)
    {
        lock (_problems)
        {
            if (_problems.Count < MostProblems && (_problems.Count == 0 || _problems[^1].Line < row))
            {
                string shown = PlainText.OneLine(ValueText.Of(value) ?? "null", SourceNote.LongestText);
                _problems.Add(new UnreadableRow(row, $"'{shown}' in {table.Columns[Column].Name} is no bar's open"));
            }
        }
    }

    /// <summary>The times of a group of rows.</summary>
    /// <param name="Seconds">Unix seconds; of a row whose time cannot be read, no matter what.</param>
    /// <param name="Nanoseconds">What is beyond the seconds; empty where nothing is.</param>
    /// <param name="AreRead">Which rows have a time.</param>
    public sealed record GroupTimes(long[] Seconds, ReadOnlyMemory<int> Nanoseconds, BitArray AreRead);
}
