using System.Threading.Channels;
using Qmtl.Gateway.Activation;

namespace Qmtl.Gateway.Watching;

/// <summary>Asks the gateway about both sides, at an interval and whenever there is a reason to.</summary>
internal sealed class ActivationPoller(WatchedStrategy strategy, ActivationGate gate, SilenceGuard guard)
{
    private const string Undecided = "the world has not decided yet";
    private const int ServerError = 500;

    // As long as a side stays as it is without a word; a gateway that asks for more must not be forgotten.
    private static readonly TimeSpan LongestLeave = TimeSpan.FromMinutes(1);

    // One reason to ask is as good as several.
    private readonly Channel<bool> _reasons = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private DateTimeOffset _leftAloneUntil;

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

    /// <summary>
    /// Asks once about each side, one after the other: where the circuit has just been closed on trial, only one request passes.
    /// </summary>
    public async Task AskAsync(CancellationToken cancellationToken)
    {
        await AskAsync(ActivationSide.Long, cancellationToken);
        await AskAsync(ActivationSide.Short, cancellationToken);
    }

    private async Task AskAsync(ActivationSide side, CancellationToken cancellationToken)
    {
        if (strategy.Clock.GetUtcNow() < _leftAloneUntil)
        {
            return;
        }

        long revision = gate.GetRevision(side);
        long connection = guard.Connection;
        try
        {
            ActivationDocument? document = await strategy.Client.GetActivationAsync(
                strategy.WorldId, strategy.StrategyId, side, cancellationToken);
            if (document is null)
            {
                guard.Hear(side, connection);
                gate.Close(side, Undecided);
            }
            else if (document.Covers(side))
            {
                Take(document, side, revision, connection);
            }
        }
        catch (GatewayException error) when (error.Status == ServerError && gate[side].Document is null)
        {
            // Early gateways say so that the world has not decided yet.
            gate.Close(side, Undecided);
        }
        catch (GatewayException error)
        {
            if (error is { Kind: GatewayErrorKind.Refused, RetryAfter: { } wait })
            {
                _leftAloneUntil = strategy.Clock.GetUtcNow() + TimeSpan.FromTicks(Math.Min(wait.Ticks, LongestLeave.Ticks));
            }

            strategy.Raise(new ActivationNotAnswered(side, error));
        }
    }

    private void Take(ActivationDocument document, ActivationSide side, long revision, long connection)
    {
        if (!document.IsStale)
        {
            // Whatever it says about the other side is about to be asked, or has just been.
            guard.Hear(side, connection);
        }

        ActivationVerdict verdict = gate.Apply(document with { Side = side }, revision);
        if (verdict != ActivationVerdict.Applied && gate.GetRevision(side) != revision)
        {
            // An event came between the question and its answer; one more question settles it.
            AskSoon();
        }

        if (verdict == ActivationVerdict.IgnoredAsOlder)
        {
            string problem = document.IsStale ? "is stale, for it cannot ask its world" : "is older than what it said before";
            strategy.Raise(new MessageIgnored($"The gateway's answer about the {side} side {problem}, so it does not open the side."));
        }
    }
}
