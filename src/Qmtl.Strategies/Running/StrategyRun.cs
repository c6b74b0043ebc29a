using Qmtl.Strategies;
using Qmtl.Strategies.Warmup;

namespace Qmtl.Running;

/// <summary>A strategy whose history has been replayed and to which live bars can be fed.</summary>
public class StrategyRun : IAsyncDisposable
{
    private readonly List<WarmupResult> _warmup = [];

    internal StrategyRun(Strategy strategy, Pipeline pipeline)
    {
        Strategy = strategy;
        Pipeline = pipeline;
    }

    /// <summary>The strategy.</summary>
    public Strategy Strategy { get; }

    /// <summary>Its nodes at work.</summary>
    public Pipeline Pipeline { get; }

    /// <summary>How each stream got its history, in the order in which they were done.</summary>
    public IReadOnlyList<WarmupResult> Warmup => _warmup;

    /// <summary>How many bars of all streams were replayed; 0 where there was no history.</summary>
    public long BarsReplayed => Pipeline.BarsReplayed;

    /// <summary>
    /// How many results the replay gave: of nodes that compute, so none in a strategy of nothing but streams, whatever was replayed.
    /// </summary>
    public long Results { get; private set; }

    /// <summary>Ends the run. Recorders and providers stay whoever's they are.</summary>
    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    internal void Add(WarmupResult result) => _warmup.Add(result);

    internal void Count() => Results++;
}
