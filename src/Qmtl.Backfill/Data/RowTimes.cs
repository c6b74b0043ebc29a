using Qmtl.Time;

namespace Qmtl.Data;

/// <summary>
/// Collects the times of an answer's rows. What numbers among them count is told when all are there; see <see cref="TimeNumbers"/>.
/// </summary>
internal sealed class RowTimes
{
    private readonly List<long> _values = [];
    private readonly List<bool> _areNumbers = [];
    private readonly SubSeconds _subSeconds = new();
    private readonly TimeNumbers _numbers = new();
    private bool _withoutOffset;

    /// <summary>How many rows have a time.</summary>
    public int Count => _values.Count;

    /// <summary>Adds the time of the next row; false, and no row is added, where the value is no time.</summary>
    public bool TryAdd(object? value)
    {
        TimestampValue.Kind kind = TimestampValue.Look(value, out long number, out int nanoseconds);
        bool isNumber = kind == TimestampValue.Kind.Number;
        if (kind == TimestampValue.Kind.None || (isNumber && !_numbers.LookAt(number)))
        {
            return false;
        }

        _withoutOffset |= kind == TimestampValue.Kind.WithoutOffset;
        _subSeconds.Set(Count, nanoseconds);
        _values.Add(number);
        _areNumbers.Add(isNumber);
        return true;
    }

    /// <summary>The times, one a row, and how far past its second each is.</summary>
    /// <exception cref="FormatException">Most of the times are dates in digits, and others are not.</exception>
    public (long[] Timestamps, ReadOnlyMemory<int> Nanoseconds) Build()
    {
        if (_numbers.Mixture is { } mixture)
        {
            throw new FormatException($"The times in {ColumnNames.Timestamp} {mixture}");
        }

        long[] timestamps = [.. _values];
        TimeReading reading = _numbers.Reading;
        for (int row = 0; row < timestamps.Length; row++)
        {
            if (_areNumbers[row])
            {
                (timestamps[row], int nanoseconds) = reading.Read(timestamps[row]);
                _subSeconds.Set(row, nanoseconds);
            }
        }

        return (timestamps, _subSeconds.Build(Count));
    }

    /// <summary>What an operator should know of how the times were read.</summary>
    public IEnumerable<SourceNote> Notes() => SourceNote.OfTimes(_numbers.Describe(), _withoutOffset);
}
