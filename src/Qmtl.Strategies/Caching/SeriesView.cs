using System.Globalization;
using System.Numerics;
using Qmtl.Data;
using Qmtl.Payloads;

namespace Qmtl.Caching;

/// <summary>The bars of one upstream in a node's cache, oldest first, newest last.</summary>
/// <remarks>
/// <para>Each member but the spans may be used while other threads append and merge: it finds a merge whole or not at all. Two calls may
/// find two states; bars that must go together are taken with one <see cref="ToFrame"/>.</para>
/// <para>A span is the cache's own memory, not a copy. It is valid until the compute function returns, while nobody else writes to the
/// cache; whoever writes meanwhile changes what it shows. What has to be kept is copied with <see cref="ToFrame"/> or
/// <see cref="ToArray(string)"/>.</para>
/// <para>In spans and arrays of doubles, a null is NaN. Column names are compared without case. PowerShell has no spans:
/// <see cref="ToArray(string)"/>, <see cref="GetTimestamps"/>, <see cref="GetValue(string)"/> and the sums serve there.</para>
/// </remarks>
public sealed class SeriesView
{
    private readonly NodeCache _cache;
    private readonly CachedSeries _series;

    internal SeriesView(NodeCache cache, CachedSeries series) => (_cache, _series) = (cache, series);

    /// <summary>The upstream.</summary>
    public StreamKey Upstream => _series.Key;

    /// <summary>How many bars are held.</summary>
    public int Count => _series.Read(static bars => bars.Count);

    /// <summary>The names of the columns, in the order in which they first came.</summary>
    public IReadOnlyList<string> Columns => _series.Read(static bars => bars.ColumnNames.ToArray());

    /// <summary>The bars' opens, not copied: Unix seconds, UTC, ascending.</summary>
    public ReadOnlySpan<long> Timestamps
    {
        get
        {
            Note(ColumnNames.Timestamp);
            using (_series.Enter(out BarBuffer bars))
            {
                return bars.Timestamps;
            }
        }
    }

    /// <summary>The newest bar, copied, or null where none is held. Where <c>value</c> is the only column, it is that value.</summary>
    public (long Timestamp, Payload Payload)? Latest
    {
        get
        {
            Note(null);
            return _series.Read(static bars => bars.Latest());
        }
    }

    /// <summary>The newest bar's value in a column, or null where it is null.</summary>
    /// <inheritdoc cref="GetValue(string)" path="/exception"/>
    public object? this[string column]
    {
        get
        {
            try
            {
                return GetValue(column);
            }
            catch (Exception exception) when (exception is ArgumentException or InvalidOperationException)
            {
                _cache.View.IndexError ??= exception;
                throw;
            }
        }
    }

    /// <summary>A column of numbers, not copied.</summary>
    /// <exception cref="ArgumentException">There is no such column, or it does not hold doubles. The message names those there
    /// are.</exception>
    public ReadOnlySpan<double> Values(string column) => Values<double>(column);

    /// <summary>A column, not copied.</summary>
    /// <typeparam name="T">The column's type: double, long, bool, string or object. What stands in a null is NaN among doubles and the
    /// default otherwise.</typeparam>
    /// <exception cref="ArgumentException">There is no such column, or it is of another type.</exception>
    public ReadOnlySpan<T> Values<T>(string column)
    {
        using (_series.Enter(out BarBuffer bars))
        {
            BufferColumn found = Find(bars, column);
            return found is BufferColumn<T> typed ? bars.ValuesOf(typed) : throw NotOfType(found, typeof(T));
        }
    }

    /// <summary>The newest bar's value in a column, or null where it is null.</summary>
    /// <exception cref="ArgumentException">There is no such column.</exception>
    /// <exception cref="InvalidOperationException">No bar is held.</exception>
    public object? GetValue(string column)
    {
        using (_series.Enter(out BarBuffer bars))
        {
            return bars.Count > 0
                ? GetValue(bars, column, bars.Count - 1)
                : throw new InvalidOperationException($"No bar of {Upstream} is held yet.");
        }
    }

    /// <summary>The value in a column of the bar at <paramref name="index"/>, counted from the oldest, or null where it is null.</summary>
    /// <exception cref="ArgumentException">There is no such column.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such bar.</exception>
    public object? GetValue(string column, int index)
    {
        using (_series.Enter(out BarBuffer bars))
        {
            return GetValue(bars, column, index);
        }
    }

    /// <summary>The bars' opens, copied: Unix seconds, UTC, ascending.</summary>
    public long[] GetTimestamps()
    {
        Note(ColumnNames.Timestamp);
        return _series.Read(static bars => bars.Timestamps.ToArray());
    }

    /// <summary>A column of numbers, copied; whole numbers and decimals become doubles, of 15 to 17 digits.</summary>
    /// <exception cref="ArgumentException">There is no such column, or it does not hold numbers.</exception>
    public double[] ToArray(string column)
    {
        using (_series.Enter(out BarBuffer bars))
        {
            return Numbers(bars, column, bars.Count).ToArray();
        }
    }

    /// <summary>
    /// The newest <paramref name="count"/> values of a column of numbers, copied; whole numbers and decimals become doubles, of 15 to 17
    /// digits.
    /// </summary>
    /// <exception cref="ArgumentException">There is no such column, or it does not hold numbers.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The count is negative, or so many bars are not held.</exception>
    public double[] ToArray(string column, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        using (_series.Enter(out BarBuffer bars))
        {
            return Numbers(bars, column, count).ToArray();
        }
    }

    /// <summary>The sum of the newest <paramref name="count"/> values of a column; NaN where one of them is null.</summary>
    /// <inheritdoc cref="Newest" path="/exception"/>
    public double Sum(string column, int count)
    {
        using (_series.Enter(out BarBuffer bars))
        {
            double sum = 0;
            foreach (double value in Newest(bars, column, count))
            {
                sum += value;
            }

            return sum;
        }
    }

    /// <summary>The arithmetic mean of the newest <paramref name="count"/> values of a column; NaN where one of them is null.</summary>
    /// <inheritdoc cref="Newest" path="/exception"/>
    public double Mean(string column, int count) => Sum(column, count) / count;

    /// <summary>The smallest of the newest <paramref name="count"/> values of a column; NaN where one of them is null.</summary>
    /// <inheritdoc cref="Newest" path="/exception"/>
    public double Min(string column, int count)
    {
        using (_series.Enter(out BarBuffer bars))
        {
            double least = double.PositiveInfinity;
            foreach (double value in Newest(bars, column, count))
            {
                least = Math.Min(least, value);
            }

            return least;
        }
    }

    /// <summary>The largest of the newest <paramref name="count"/> values of a column; NaN where one of them is null.</summary>
    /// <inheritdoc cref="Newest" path="/exception"/>
    public double Max(string column, int count)
    {
        using (_series.Enter(out BarBuffer bars))
        {
            double most = double.NegativeInfinity;
            foreach (double value in Newest(bars, column, count))
            {
                most = Math.Max(most, value);
            }

            return most;
        }
    }

    /// <summary>All bars, copied, with objects as text.</summary>
    public BarFrame ToFrame()
    {
        Note(null);
        return _series.Read(static bars => bars.ToFrame(0, bars.Count));
    }

    /// <summary>The upstream and how many bars are held.</summary>
    public override string ToString() => $"{Upstream}, {Count} bars";

    /// <exception cref="ArgumentException">There is no such column, or it does not hold numbers.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The count is less than 1, or so many bars are not held.</exception>
    private ReadOnlySpan<double> Newest(BarBuffer bars, string column, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return Numbers(bars, column, count);
    }

    private ReadOnlySpan<double> Numbers(BarBuffer bars, string column, int count)
    {
        BufferColumn found = Find(bars, column);
        if (count > bars.Count)
        {
            throw new ArgumentOutOfRangeException(
                nameof(count), count, $"Of {Upstream}, {bars.Count} bars are held and not so many. The cache's period is {_cache.Period}.");
        }

        return found switch
        {
            BufferColumn<double> numbers => bars.ValuesOf(numbers)[^count..],
            BufferColumn<long> whole => Widen(bars, whole, count),
            BufferColumn<object?> objects when Round(bars.ValuesOf(objects)[^count..]) is { } rounded => rounded,
            _ => throw NotOfType(found, typeof(double)),
        };
    }

    /// <summary>
    /// Numbers that a node gave as another type, such as decimal, as doubles; null where one of the objects is no number.
    /// </summary>
    private static double[]? Round(ReadOnlySpan<object?> objects)
    {
        double[] numbers = new double[objects.Length];
        for (int i = 0; i < numbers.Length; i++)
        {
            switch (objects[i])
            {
                case null:
                    numbers[i] = double.NaN;
                    break;
                case BigInteger whole:
                    numbers[i] = (double)whole;
                    break;
                case IConvertible number and not Enum when number.GetTypeCode() is >= TypeCode.SByte and <= TypeCode.Decimal:
                    numbers[i] = number.ToDouble(CultureInfo.InvariantCulture);
                    break;
                default:
                    return null;
            }
        }

        return numbers;
    }

    private static double[] Widen(BarBuffer bars, BufferColumn<long> column, int count)
    {
        double[] numbers = new double[count];
        int start = bars.Count - count;
        ReadOnlySpan<long> whole = bars.ValuesOf(column);
        for (int i = 0; i < count; i++)
        {
            numbers[i] = bars.GetValue(column, start + i) is null ? double.NaN : whole[start + i];
        }

        return numbers;
    }

    private object? GetValue(BarBuffer bars, string column, int index)
    {
        BufferColumn found = Find(bars, column);
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, bars.Count);
        return bars.GetValue(found, index);
    }

    private void Note(string? column) => _cache.AccessLog?.Note(_series.Key, column);

    private BufferColumn Find(BarBuffer bars, string column)
    {
        ArgumentNullException.ThrowIfNull(column);
        BufferColumn found = bars.FindColumn(column) ?? throw new ArgumentException(
            $"{Upstream} has no column '{column}'. It has {(bars.ColumnNames.Any() ? string.Join(", ", bars.ColumnNames) : "none")}.",
            nameof(column));
        Note(found.Name);
        return found;
    }

    private ArgumentException NotOfType(BufferColumn column, Type wanted) => new(
        $"Column '{column.Name}' of {Upstream} holds {ColumnSource.Describe(column.ElementType)}, not {ColumnSource.Describe(wanted)}. "
            + $"Read it with GetValue, or in C# with Values<{ColumnSource.Keyword(column.ElementType)}>.",
        nameof(column));
}
