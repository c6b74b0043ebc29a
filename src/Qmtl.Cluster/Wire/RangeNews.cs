using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Cluster.Wire;

/// <summary><see cref="BackfillRangeEnded"/>: what became of a range.</summary>
[GenerateSerializer]
[Immutable]
[Alias("qmtl.range")]
public sealed record RangeNews : StreamNews
{
    /// <summary>The range's first bar: Unix seconds, UTC.</summary>
    [Id(0)]
    public required long Start { get; init; }

    /// <summary>The range's last bar: Unix seconds, UTC.</summary>
    [Id(1)]
    public required long End { get; init; }

    /// <inheritdoc cref="BackfillResult.Status"/>
    [Id(2)]
    public required BackfillStatus Status { get; init; }

    /// <inheritdoc cref="BackfillResult.BarsWritten"/>
    [Id(3)]
    public long BarsWritten { get; init; }

    /// <inheritdoc cref="BackfillResult.BarsReplaced"/>
    [Id(4)]
    public long BarsReplaced { get; init; }

    /// <inheritdoc cref="BackfillResult.BarsEmpty"/>
    [Id(5)]
    public long BarsEmpty { get; init; }

    /// <inheritdoc cref="BackfillResult.BarsMissing"/>
    [Id(6)]
    public long BarsMissing { get; init; }

    /// <inheritdoc cref="BackfillResult.Requests"/>
    [Id(7)]
    public int Requests { get; init; }

    /// <inheritdoc cref="BackfillResult.Retries"/>
    [Id(8)]
    public int Retries { get; init; }

    /// <inheritdoc cref="BackfillResult.Duration"/>
    [Id(9)]
    public TimeSpan Duration { get; init; }

    /// <inheritdoc cref="BackfillResult.Rejected"/>
    [Id(10)]
    public Dictionary<RejectionReason, (long Count, string? Example)>? Rejected { get; init; }

    /// <inheritdoc cref="BackfillResult.Obstacle"/>
    [Id(11)]
    public string? Obstacle { get; init; }

    /// <inheritdoc cref="BackfillResult.Error"/>
    [Id(12)]
    public TravellingError? Error { get; init; }

    /// <summary>The news of a result.</summary>
    public static RangeNews Of(BackfillResult result) => new()
    {
        Start = result.Range.Start,
        End = result.Range.End,
        Status = result.Status,
        BarsWritten = result.BarsWritten,
        BarsReplaced = result.BarsReplaced,
        BarsEmpty = result.BarsEmpty,
        BarsMissing = result.BarsMissing,
        Requests = result.Requests,
        Retries = result.Retries,
        Duration = result.Duration,
        Rejected = result.BarsRejected == 0
            ? null
            : result.Rejected.ByReason.ToDictionary(
                pair => pair.Key, pair => (pair.Value, result.Rejected.ExampleOf(pair.Key))),
        Obstacle = result.Obstacle,
        Error = TravellingError.Of(result.Error),
    };

    /// <summary>What became of the range of <paramref name="stream"/>.</summary>
    public BackfillResult ToResult(StreamKey stream) => new()
    {
        Stream = stream,
        Range = new TimeRange(Start, End),
        Status = Status,
        BarsWritten = BarsWritten,
        BarsReplaced = BarsReplaced,
        BarsEmpty = BarsEmpty,
        BarsMissing = BarsMissing,
        Requests = Requests,
        Retries = Retries,
        Duration = Duration,
        Rejected = (Rejected ?? []).Aggregate(
            RejectedRows.None, static (sum, pair) => sum.Plus(pair.Key, pair.Value.Count, pair.Value.Example)),
        Obstacle = Obstacle,
        Error = Error?.ToException(),
    };

    /// <inheritdoc/>
    public override BackfillEvent ToEvent(StreamKey stream) => new BackfillRangeEnded(stream, ToResult(stream));
}
