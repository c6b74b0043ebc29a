using Microsoft.Extensions.Logging;
using Qmtl.Backfill;

namespace Qmtl.Strategies.Warmup;

/// <summary>How a <see cref="HistoryWarmup"/> works.</summary>
public sealed record HistoryWarmupOptions
{
    /// <summary>What a hole that no source can fill means: a warning, or the end of the stream's warm-up.</summary>
    /// <value><see cref="OnMissing.Skip"/> by default.</value>
    public OnMissing OnMissing { get; init; }

    /// <summary>The first instant of the history that is made sure of and loaded, as far as a cache holds it.</summary>
    /// <value>Null, the default: of each stream as many bars before the end as its period.</value>
    public DateTimeOffset? Start { get; init; }

    /// <summary>The last instant, inside.</summary>
    /// <value>Null, the default: the last bar that has closed.</value>
    public DateTimeOffset? End { get; init; }

    /// <summary>The time of day by which bars must have closed; null, the default, for that of the clock.</summary>
    internal DateTimeOffset? Now { get; init; }

    /// <summary>From when on a bar that is missing may only be late, and is no hole; null, the default, where every one is.</summary>
    internal DateTimeOffset? LateFrom { get; init; }

    /// <summary>How stores are filled, whatever their providers say.</summary>
    /// <value>Null, the default: as each provider says (<see cref="IHistoryProvider.Options"/>).</value>
    public BackfillOptions? Backfill { get; init; }

    /// <summary>How often a request or a write that failed for a passing reason is tried again, whatever else says so.</summary>
    /// <value>Null, the default: as <see cref="Backfill"/> or the provider says; from 0 to 100.</value>
    public int? MaxRetries { get; init; }

    /// <summary>The most streams that warm up at once.</summary>
    /// <value>4 by default; from 1 to 256.</value>
    public int ThrottleLimit { get; init; } = 4;

    /// <summary>Told of holes, from any thread; it must return quickly and not throw.</summary>
    /// <value>Null, the default: nobody is told, the results still say it.</value>
    public Action<string>? OnWarning { get; init; }

    /// <summary>Told of everything that happens while stores are filled, from any thread; it must return quickly and not throw.</summary>
    /// <value>Null by default.</value>
    public Action<BackfillEvent>? OnEvent { get; init; }

    /// <summary>Gets the log of the stores' backfills.</summary>
    /// <value>Null by default.</value>
    public ILoggerFactory? LoggerFactory { get; init; }

    /// <summary>How a provider's store is filled.</summary>
    internal BackfillOptions OptionsOf(IHistoryProvider provider)
    {
        BackfillOptions options = Backfill ?? provider.Options;
        return MaxRetries is { } retries ? options with { MaxRetries = retries } : options;
    }
}
