using Qmtl.Backfill;

namespace Qmtl.Strategies.Warmup;

/// <summary>How a <see cref="HistoryWarmup"/> works.</summary>
public sealed record HistoryWarmupOptions
{
    /// <summary>What a hole that no source can fill means: a warning, or the end of the stream's warm-up.</summary>
    /// <value><see cref="OnMissing.Skip"/> by default.</value>
    public OnMissing OnMissing { get; init; }

    /// <summary>How stores are filled. <see cref="BackfillOptions.ThrottleLimit"/> is also how many streams warm up at once.</summary>
    /// <value>The engine's defaults.</value>
    public BackfillOptions Backfill { get; init; } = new();

    /// <summary>Told of holes, from any thread; it must return quickly and not throw.</summary>
    /// <value>Null, the default: nobody is told, the results still say it.</value>
    public Action<string>? OnWarning { get; init; }

    /// <summary>Told of everything that happens while stores are filled, from any thread; it must return quickly and not throw.</summary>
    /// <value>Null by default.</value>
    public Action<BackfillEvent>? OnEvent { get; init; }
}
