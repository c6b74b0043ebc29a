using System.Text.Json;
using Microsoft.Extensions.Logging;
using Qmtl.Gateway;
using Qmtl.Gateway.Activation;
using Qmtl.Gateway.Running;
using Qmtl.Gateway.Watching;
using Qmtl.Unit.Logging;

namespace Qmtl.Unit.Gateway;

public sealed class GatewayLogTests
{
    public static TheoryData<GatewayEvent, LogLevel, string> GatewayEvents => new()
    {
        { new Connected("ws://gateway:8000"), LogLevel.Information, "gateway.connected" },
        { new Disconnected("The server went away.", TimeSpan.FromSeconds(1)), LogLevel.Warning, "gateway.disconnected" },
        { new ActivationChanged(new SideActivation(ActivationSide.Long, true, 0.5, null, null)), LogLevel.Information, "gateway.activation_changed" },
        { new ActivationNotAnswered(ActivationSide.Long, new GatewayException(GatewayErrorKind.Unreachable, "It cannot be reached.")), LogLevel.Warning, "gateway.not_answered" },
        { new ActivationNotAnswered(ActivationSide.Long, new GatewayException(GatewayErrorKind.CircuitOpen, "It was not asked.")), LogLevel.Warning, "gateway.circuit_open" },
        { new MessageIgnored("The event 'x' is not known."), LogLevel.Warning, "gateway.ignored" },
        { new QueueUpdated("queue_update", JsonSerializer.SerializeToElement(new { tags = new[] { "a" } })), LogLevel.Information, "gateway.queue_updated" },
        { new SentinelWeight("v2", 0.5, default), LogLevel.Information, "gateway.sentinel_weight" },
    };

    [Theory]
    [MemberData(nameof(GatewayEvents))]
    public void What_happens_at_the_gateway_has_its_name_and_level(GatewayEvent happened, LogLevel level, string name)
    {
        var log = new CollectingLoggerFactory();
        new GatewayLog(log).Write(happened);

        LoggedEvent logged = Assert.Single(log.Events);
        Assert.Equal((level, name), (logged.Level, logged.Event.Name));
    }
}
