using Qmtl.Backfill;
using Qmtl.Recording;
using Qmtl.Time;

namespace Qmtl.Streams;

/// <summary>What a <see cref="StreamInput"/> is made of.</summary>
public sealed record StreamInputOptions
{
    /// <summary>The length of the stream's bars.</summary>
    public required BarInterval Interval { get; init; }

    /// <summary>How many bars the stream's cache keeps, which is also how many a warm-up loads.</summary>
    /// <value>1 by default; at least 1, with no upper limit.</value>
    public int Period { get; init; } = 1;

    /// <summary>The stream's id, for an exchange the symbol; also the name of its table in a store of one table a node.</summary>
    /// <value>Null, the default: derived from interval, tags and configuration, the same in every process.</value>
    public string? NodeId { get; init; }

    /// <inheritdoc cref="NodeOptions.Tags"/>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <inheritdoc cref="NodeOptions.Configuration"/>
    public IReadOnlyDictionary<string, string> Configuration { get; init; } = new Dictionary<string, string>();

    /// <summary>Where the stream's history comes from.</summary>
    /// <value>Null, the default: the stream has no history.</value>
    public IHistoryProvider? HistoryProvider { get; init; }

    /// <summary>The word of the history provider's source for what the stream is of, for example the exchange's symbol.</summary>
    /// <value>Null, the default: the node id.</value>
    public string? Symbol { get; init; }

    /// <summary>What records each bar of the stream that a pipeline processes.</summary>
    /// <value>Null, the default: nothing is recorded.</value>
    public EventRecorderService? EventService { get; init; }
}
