using System.Text.Json;
using Qmtl.Gateway.Activation;
using Qmtl.Gateway.Wire;
using Qmtl.Messages;

namespace Qmtl.Gateway.Watching;

/// <summary>Acts on the gateway's events.</summary>
internal sealed class EventMessages(WatchedStrategy strategy, ActivationGate gate, SilenceGuard guard, ActivationPoller poller)
{
    private const int LongestName = 60;

    /// <summary>Acts on one message.</summary>
    /// <param name="text">The message, UTF-8.</param>
    public void Take(ReadOnlyMemory<byte> text)
    {
        try
        {
            GatewayJson.Read(text, root =>
            {
                Take(root.RequireObject());
                return true;
            });
        }
        catch (FormatException problem)
        {
            Ignore($"with {problem.Message}");
        }
    }

    /// <summary>Tells of a message that is not acted on. What it was about is asked, for it may have been an activation.</summary>
    /// <param name="problem">What it is or has, for example <c>with no 'side'</c>.</param>
    public void Ignore(string problem)
    {
        poller.AskSoon();
        strategy.Raise(new MessageIgnored($"The gateway sent an event {problem}. It was ignored."));
    }

    private void Take(JsonElement message)
    {
        string? name = message.TextOrNull("event") ?? message.TextOrNull("type");
        JsonElement payload = message.TryGetField("data", out JsonElement data) ? data.RequireObject() : message;
        string shown = PlainText.OneLine(name ?? "without name", LongestName);
        bool isUnderstood = ActivationDocument.HasUnderstoodVersion(payload);
        if (IsOther(payload, "world_id", strategy.WorldId) || IsOther(payload, "strategy_id", strategy.StrategyId))
        {
            // Gateways tell everybody of everything.
            return;
        }

        if (name == "activation_updated")
        {
            TakeActivation(payload, isUnderstood);
        }
        else if (!isUnderstood)
        {
            strategy.Raise(
                new MessageIgnored(
                    $"The gateway's event '{shown}' has not version {ActivationDocument.UnderstoodVersion}. It was ignored."));
        }
        else
        {
            Take(name, shown, payload);
        }
    }

    private void Take(string? name, string shown, JsonElement payload)
    {
        switch (name)
        {
            case "queue_created" or "queue_update":
                strategy.Raise(new QueueUpdated(name, payload.Clone()));
                break;
            case "sentinel_weight":
                strategy.Raise(new SentinelWeight(payload.ScalarOrNull("sentinel_id"), payload.NumberOrNull("weight"), payload.Clone()));
                break;
            default:
                strategy.Raise(new MessageIgnored($"The gateway's event '{shown}' is not known. It was ignored."));
                break;
        }
    }

    private void TakeActivation(JsonElement payload, bool isUnderstood)
    {
        try
        {
            if (isUnderstood && payload.TryGetField("active", out _) && ActivationDocument.ReadSide(payload) is not null)
            {
                Take(ActivationDocument.Read(payload));
                return;
            }

            // It says that something has changed, and not all of it: the gateway knows. What stops, counts at once.
            if (ActivationDocument.ReadStop(payload) is { } stop)
            {
                gate.Stop(stop);
            }

            poller.AskSoon();
        }
        catch (FormatException problem)
        {
            // Something has changed and nobody knows to what: what was allowed before is not known to be allowed any more.
            gate.Close(SideOrAll(payload), $"the gateway's last word about it has {problem.Message}", supersedes: true);
            Ignore($"'activation_updated' with {problem.Message}; what it is about is closed until the gateway can be understood");
        }
    }

    private void Take(ActivationDocument document)
    {
        guard.Hear(document.Side, guard.Connection);
        ActivationVerdict verdict = gate.Apply(document);
        if (verdict == ActivationVerdict.ClosedByOlder)
        {
            poller.AskSoon();
        }
        else if (verdict == ActivationVerdict.IgnoredAsOlder)
        {
            strategy.Raise(
                new MessageIgnored(
                    $"The gateway's activation of {document.Timestamp:yyyy-MM-dd'T'HH:mm:ss.fff'Z'} is older than what it said before, so "
                        + $"it does not open a side."));
        }
    }

    private static ActivationSide SideOrAll(JsonElement payload)
    {
        try
        {
            return ActivationDocument.ReadSide(payload) ?? ActivationSide.All;
        }
        catch (FormatException)
        {
            return ActivationSide.All;
        }
    }

    private static bool IsOther(JsonElement payload, string name, string own) =>
        payload.ScalarOrNull(name) is { } other && !string.Equals(other, own, StringComparison.Ordinal);
}
