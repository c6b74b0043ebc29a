using System.Threading.Channels;
using Qmtl.Running.Gateway.Activation;

namespace Qmtl.Running.Gateway.Watching;

/// <summary>Asks the gateway about both sides, at an interval and whenever there is a reason to.</summary>
internal sealed class ActivationPoller(WatchedStrategy strategy, ActivationGate gate, SilenceGuard guard)
{
    // One reason to ask is as good as several.
    private readonly Channel<bool> _reasons = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Has the gateway asked soon.</summary>
    public void AskSoon() => _reasons.Writer.TryWrite(true);

    /// <summary>Asks until cancelled.</summary>
    public async Task RunAsync(TimeSpan interval, CancellationToken cancellationToken)
    {
        await using ITimer timer = strategy.Clock.CreateTimer(_ => AskSoon(), null, interval, interval);
        await foreach (bool _ in _reasons.Reader.ReadAllAsync(cancellationToken))
        {
            await AskAsync(cancellationToken);
        }
    }

    /// <summary>Asks once about each side, one after the other: where the circuit has just been closed on trial, only one request passes.</summary>
    public async Task AskAsync(CancellationToken cancellationToken)
    {
        await AskAsync(ActivationSide.Long, cancellationToken);
        await AskAsync(ActivationSide.Short, cancellationToken);
    }

    private async Task AskAsync(ActivationSide side, CancellationToken cancellationToken)
    {
        long revision = gate.GetRevision(side);
        long connection = guard.Connection;
        ActivationDocument document;
        try
        {
            document = await strategy.Client.GetActivationAsync(strategy.WorldId, strategy.StrategyId, side, cancellationToken);
        }
        catch (GatewayException error)
        {
            strategy.Raise(new ActivationNotAnswered(side, error));
            return;
        }

        // Whatever it says about the other side is about to be asked, or has just been.
        guard.Hear(side, connection);
        ActivationVerdict verdict = gate.Apply(document with { Side = side }, revision);
        if (verdict != ActivationVerdict.Applied && gate.GetRevision(side) != revision)
        {
            // An event came between the question and its answer; one more question settles it.
            AskSoon();
        }

        if (verdict == ActivationVerdict.IgnoredAsOlder)
        {
            strategy.Raise(new MessageIgnored($"The gateway's answer about the {side} side is older than what it said before, so it does not open the side."));
        }
    }
}
