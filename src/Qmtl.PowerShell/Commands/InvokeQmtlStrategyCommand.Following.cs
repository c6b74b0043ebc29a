using System.Globalization;
using System.Management.Automation;
using Qmtl.Gateway.Activation;
using Qmtl.Gateway.Running;
using Qmtl.Gateway.Watching;
using Qmtl.Messages;
using Qmtl.PowerShell.Output;
using Qmtl.PowerShell.Pipeline;
using Qmtl.Running;
using Qmtl.Strategies;

namespace Qmtl.PowerShell.Commands;

/// <content>What goes on after the history.</content>
public sealed partial class InvokeQmtlStrategyCommand
{
    private StrategyRun? _followed;

    // It begins when it is known to be the only one.
    private Strategy? _endless;

    /// <summary>The clock of all runs; tests have one that runs faster.</summary>
    internal static TimeProvider Clock { get; set; } = TimeProvider.System;

    private string GoingOn => Follow ? ", and go on with each new bar" : string.Empty;

    private async Task<StrategyRun> FollowAsync(Strategy strategy, RunnerOptions options, CancellationToken cancellationToken)
    {
        var follow = new FollowOptions
        {
            Start = Start,
            End = End,
            Patience = PatienceSec is { } seconds ? TimeSpan.FromSeconds(seconds) : new FollowOptions().Patience,
            OnStarted = run =>
            {
                _followed = run;

                // From now on there is no warm-up to show, also where the first bar is still to come.
                _replaying.TrySetResult();
            },
        };
        return World is { } world
            ? await CreateWorldRunner(options, happened => TellOf(strategy, happened))
                .FollowAsync(strategy, world, GatewayUri!, Emit, follow, cancellationToken)
            : await new Runner(options, Clock).FollowAsync(strategy, Emit, follow, cancellationToken);
    }

    // One that goes on until it is stopped never gives another its turn, and nobody would see that it waits.
    private void RequireOnlyOne()
    {
        if (_endless is { } first)
        {
            ThrowTerminatingError(ErrorRecords.From(
                new ArgumentException(
                    $"-Follow goes on with one strategy until it is stopped, so what comes after '{first.Name}' would never have its turn. "
                        + $"Give the nodes of all in one call, follow each in a job of its own (-AsJob), or give an -End."),
                null));
        }
    }

    private void TellOf(Strategy strategy, GatewayEvent happened)
    {
        if (happened is ActivationChanged { Activation: var now })
        {
            Show($"The gateway says of '{strategy.Name}': {now}.");
        }
    }

    // What a script asks before it acts: the sides on which it may, as the result comes.
    private object WithGate(StrategyResult result)
    {
        if (_followed is not WorldRun { Gate: { } gate })
        {
            return result;
        }

        var wrapped = PSObject.AsPSObject(result);
        ActivationSide[] sides = [ActivationSide.Long, ActivationSide.Short];
        wrapped.Properties.Add(new PSNoteProperty(StrategyResult.Allowed, string.Join(", ", sides.Where(gate.IsAllowed))));
        return wrapped;
    }

    // The pipeline of a command that is stopped takes nothing any more; the host does.
    private void TellOfStop()
    {
        if (_followed is { } run && WhenStopped.IsCancellationRequested)
        {
            Host?.UI?.WriteLine(PlainText.Escape(Summarize(run)));
        }

        _followed = null;
    }

    private static string Summarize(StrategyRun run) => string.Create(
        CultureInfo.InvariantCulture,
        $"The strategy '{run.Strategy.Name}' was followed: {run.BarsReplayed} bars, {run.Results} results, {run.Pipeline.LateBars} late "
            + $"bars.");
}
