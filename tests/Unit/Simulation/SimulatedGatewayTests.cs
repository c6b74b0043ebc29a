using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Qmtl.Simulation.Gateway;

namespace Qmtl.Unit.Simulation;

public sealed class SimulatedGatewayTests
{
    [Fact]
    public async Task A_client_that_goes_during_its_handshake_is_not_connected()
    {
        await using SimulatedGateway gateway = SimulatedGateway.Start();
        using var client = new HttpClient();
        using var question = new StringContent("""{"topics":["activation"],"world_id":"w","strategy_id":"s"}""");
        using HttpResponseMessage subscription = await client.PostAsync(new Uri(gateway.BaseUri, "events/subscribe"), question);
        JsonElement json = await subscription.Content.ReadFromJsonAsync<JsonElement>();
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        gateway.Faults[GatewayRoute.Stream].Enqueue(GatewayFault.Late(gone.Task));

        using (var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { LingerState = new LingerOption(enable: true, seconds: 0) })
        {
            await socket.ConnectAsync(gateway.BaseUri.Host, gateway.BaseUri.Port);
            await socket.SendAsync(Encoding.ASCII.GetBytes(
                $"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nAuthorization: Bearer {json.GetProperty("token").GetString()}\r\n\r\n"));
            await UntilAsync(() => gateway.ConnectionCount == 1);
        }

        gone.SetResult();
        await UntilAsync(() => gateway.ConnectionCount == 0);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!condition())
        {
            await Task.Delay(5, limit.Token);
        }
    }
}
