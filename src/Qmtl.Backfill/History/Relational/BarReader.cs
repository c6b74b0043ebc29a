using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.History.Relational;

/// <summary>Reads the bars of one stream, a frame at a time.</summary>
/// <param name="interval">The stream's interval.</param>
/// <param name="range">The bars to read.</param>
internal abstract class BarReader(BarInterval interval, TimeRange range) : IAsyncDisposable
{
    /// <summary>How many bars a frame has at most.</summary>
    internal const int BarsInFrame = 4096;

    private ColumnBuilder<long> _opens = new(ColumnNames.Timestamp, RoomOf(interval, range));
    private long _expected = long.MinValue;

    /// <summary>Told of the time of each row that is on no bar, or on one that was just read.</summary>
    public Action<long>? PassedOver { get; set; }

    /// <summary>Whether the frame has all the bars that it can have.</summary>
    protected bool IsFull => _opens.Count == BarsInFrame;

    /// <summary>The bars to read.</summary>
    protected TimeRange Asked { get; } = range;

    /// <summary>How many bars a frame is made for: of a short range, no more than that has.</summary>
    protected int Room { get; } = RoomOf(interval, range);

    /// <summary>All bars that are left, ascending, in frames.</summary>
    public async Task<IReadOnlyList<BarFrame>> ReadAllAsync(CancellationToken cancellationToken)
    {
        var frames = new List<BarFrame>();
        while (await ReadFrameAsync(cancellationToken) is { } frame)
        {
            frames.Add(frame);
        }

        return frames;
    }

    /// <summary>The next bars, ascending; null at the end.</summary>
    public abstract Task<BarFrame?> ReadFrameAsync(CancellationToken cancellationToken);

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();

    /// <summary>Adds a bar; false where the row is on none, or on one that was just read, which only rows of other programs are.</summary>
    protected bool TryAdd(long open)
    {
        if (open != _expected && (open < _expected || !interval.IsOnGrid(open)))
        {
            PassedOver?.Invoke(open);
            return false;
        }

        _expected = interval.Next(open);
        _opens.Add(open);
        return true;
    }

    /// <summary>The frame of the bars added since the last; null where there are none.</summary>
    protected BarFrame? Build(IEnumerable<BarColumn> columns)
    {
        if (_opens.Count == 0)
        {
            return null;
        }

        ReadOnlyMemory<long> opens = _opens.Build().Values;
        _opens = new(ColumnNames.Timestamp, Room);
        return BarFrame.FromChecked(interval, opens, [.. columns]);
    }

    private static int RoomOf(BarInterval interval, TimeRange range) => (int)Math.Min(BarsInFrame, range.CountBars(interval));
}
