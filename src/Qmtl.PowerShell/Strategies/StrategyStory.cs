using System.Globalization;
using System.Management.Automation;
using Qmtl.Running;
using Qmtl.Running.Gateway.Activation;
using Qmtl.Running.Gateway.Watching;
using Qmtl.Strategies.Warmup;

namespace Qmtl.PowerShell.Strategies;

/// <summary>Tells the operator of a strategy's run what happens. To be called on the pipeline thread.</summary>
internal static class StrategyStory
{
    /// <summary>Tells how a stream got its history.</summary>
    public static void Tell(Cmdlet cmdlet, WarmupResult result) => cmdlet.WriteVerbose(string.Create(
        CultureInfo.InvariantCulture,
        $"{result.Stream.Key}: {result.Status}, {result.BarsLoaded} bars loaded, {result.BarsFilled} filled, {result.BarsEmpty} do not exist, {result.BarsMissing} missing."));

    /// <summary>Tells of the gateway.</summary>
    public static void Tell(Cmdlet cmdlet, GatewayEvent happened)
    {
        switch (happened)
        {
            case MessageIgnored ignored:
                cmdlet.WriteWarning($"What the gateway said was not followed: {ignored.Reason.TrimEnd('.')}.");
                break;
            case ActivationNotAnswered unanswered:
                cmdlet.WriteWarning($"The gateway did not say whether the strategy may act ({unanswered.Side.ToString().ToLowerInvariant()}), and is asked again: {unanswered.Error.Message}");
                break;
            case Disconnected disconnected:
                cmdlet.WriteVerbose($"The gateway's events are not followed: {disconnected.Reason.TrimEnd('.')}.");
                break;
            case Connected connected:
                cmdlet.WriteVerbose($"The events of {connected.Server} are followed.");
                break;
            default:
                cmdlet.WriteVerbose(happened.ToString());
                break;
        }
    }

    /// <summary>Tells how the run ended.</summary>
    public static void Tell(Cmdlet cmdlet, StrategyRun run)
    {
        cmdlet.WriteVerbose(string.Create(CultureInfo.InvariantCulture, $"The strategy '{run.Strategy.Name}' gave {run.Results} results."));
        if (run.Gate is { } gate)
        {
            cmdlet.WriteVerbose($"The gateway says: {gate[ActivationSide.Long]}; {gate[ActivationSide.Short]}.");
        }
    }
}
