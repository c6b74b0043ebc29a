using System.Diagnostics.CodeAnalysis;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Messages;

namespace Qmtl.Keeping;

/// <summary>A stream that is kept complete: from where on, from which source, in which store.</summary>
[SuppressMessage("Naming", "CA1711:Identifiers should not have incorrect suffix", Justification = "A stream of bars is what it is.")]
public sealed record KeptStream
{
    /// <summary>How many stored bars are compared on each visit where nobody says.</summary>
    public const int DefaultCompare = 3;

    /// <summary>The stream.</summary>
    public required StreamKey Stream { get; init; }

    /// <summary>Where its bars come from.</summary>
    public required KeptSource Source { get; init; }

    /// <summary>Where they go.</summary>
    public required KeptStore Store { get; init; }

    /// <summary>The source's word for what the stream is of; null, the default, where the node id is that itself.</summary>
    public string? Symbol { get; init; }

    /// <summary>From when on the history is to be complete: Unix seconds, UTC.</summary>
    public required long Start { get; init; }

    /// <summary>
    /// How long after its close a bar may be missing before that is too late; null, the default, for two bars, at least 5 minutes and at
    /// most a day.
    /// </summary>
    public TimeSpan? Budget { get; init; }

    /// <summary>How many of the newest stored bars are asked for again with each new one, and replaced where they differ.</summary>
    /// <value>3 by default; 0 compares none; at most 1,000.</value>
    public int Compare { get; init; } = DefaultCompare;

    /// <summary>Node id, interval and where they come from, for example <c>BTCUSDT 1m from binance</c>.</summary>
    public override string ToString() => PlainText.OneLine($"{Stream} from {Source.Name}");

    /// <summary>What <see cref="StreamStatus"/> is to expect of it.</summary>
    public StreamExpectation Expected => new(Stream, Start, Budget);

    /// <summary>A stream of a provider whose store and source somebody has opened already, and closes.</summary>
    internal static KeptStream Of(IHistoryProvider provider, StreamKey stream, long start, int compare) => new()
    {
        Stream = stream,
        Source = new KeptSource { Name = provider.Fetcher!.Name, Opened = provider.Fetcher },
        Store = new KeptStore { Name = provider.DisplayName, Opened = provider.Store },
        Start = start,
        Compare = compare,
    };

    /// <summary>The open of the first bar that is kept.</summary>
    internal long FirstBar => Stream.Interval.Ceiling(Start);
}
