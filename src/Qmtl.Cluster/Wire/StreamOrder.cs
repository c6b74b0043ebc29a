using System.Text.Json;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Cluster.Wire;

/// <summary>
/// Ranges of a stream to complete. Store and source are named and not described: each member knows by its own configuration what they are,
/// so that no secret travels.
/// </summary>
[GenerateSerializer]
[Immutable]
[Alias("qmtl.order")]
public sealed record StreamOrder
{
    /// <summary>The store, by <see cref="History.StoreInfo.Identity"/>.</summary>
    [Id(0)]
    public required string Store { get; init; }

    /// <summary>The source, by <see cref="Fetching.IDataFetcher.Name"/>.</summary>
    [Id(1)]
    public required string Source { get; init; }

    /// <summary>The source's name for the stream, by <see cref="Fetching.IDataFetcher.GetName"/>.</summary>
    [Id(2)]
    public required string SourceOfStream { get; init; }

    /// <summary>The stream's node.</summary>
    [Id(3)]
    public required string NodeId { get; init; }

    /// <summary>The stream's interval, as <see cref="BarInterval.Number"/>.</summary>
    [Id(4)]
    public required long Interval { get; init; }

    /// <summary>Start and end of each range, in turn: Unix seconds, UTC, both included.</summary>
    [Id(5)]
    public required long[] Bounds { get; init; }

    /// <summary>How it is done: <see cref="BackfillOptions"/> as JSON, so that members of another version read what they know.</summary>
    [Id(6)]
    public required string Options { get; init; }

    /// <summary>Whether it is a piece of an order, whose giver holds the store's claim on the stream; false by default.</summary>
    [Id(7)]
    public bool IsPiece { get; init; }

    /// <summary>What tells the order from others for the same stream: who asks for it again finds the work that goes on.</summary>
    [Id(8)]
    public Guid Id { get; init; } = Guid.NewGuid();

    /// <summary>The stream.</summary>
    public StreamKey Stream => new(NodeId, BarInterval.FromNumber(Interval));

    /// <summary>What tells the stream's grain from all others. A control character parts it, which no name has.</summary>
    public string Key => string.Join('\u001f', Store, Source, Interval, NodeId);

    /// <summary>The ranges.</summary>
    public IReadOnlyList<TimeRange> Ranges => [.. Bounds.Chunk(2).Select(static ends => new TimeRange(ends[0], ends[1]))];

    /// <summary>The ends of ranges, for <see cref="Bounds"/>.</summary>
    public static long[] BoundsOf(IEnumerable<TimeRange> ranges) =>
        [.. ranges.SelectMany(static range => new[] { range.Start, range.End })];

    /// <summary>An order of what a request asks for.</summary>
    public static StreamOrder Of(BackfillRequest request, BackfillOptions options) => new()
    {
        Store = request.Store.Info.Identity,
        Source = request.Fetcher.Name,
        SourceOfStream = request.Fetcher.GetName(request.Stream),
        NodeId = request.Stream.NodeId,
        Interval = request.Stream.Interval.Number,
        Bounds = BoundsOf(request.Ranges),
        Options = JsonSerializer.Serialize(options),
    };

    /// <summary>How it is done.</summary>
    public BackfillOptions ReadOptions() => JsonSerializer.Deserialize<BackfillOptions>(Options) ?? new BackfillOptions();
}
