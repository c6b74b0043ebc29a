using System.Text;
using Qmtl.Simulation.Http;

namespace Qmtl.Simulation.Gateway;

/// <summary>The requests that a gateway received.</summary>
internal sealed class RequestLog(TimeProvider clock)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<GatewayRoute, List<SimulatedGatewayRequest>> _requests = Enum.GetValues<GatewayRoute>().ToDictionary(route => route, _ => new List<SimulatedGatewayRequest>());
    private readonly List<(GatewayRoute Route, int Count, TaskCompletionSource Reached)> _waiting = [];

    public SimulatedGatewayRequest Add(GatewayRoute route, LoopbackRequest request)
    {
        lock (_lock)
        {
            int number = _requests[route].Count + 1;
            string target = request.Parameters.Count == 0 ? request.Path : $"{request.Path}?{request.Parameters}";
            var logged = new SimulatedGatewayRequest(number, route, clock.GetUtcNow(), target, request.Header("Authorization"), Encoding.UTF8.GetString(request.Body.Span));
            _requests[route].Add(logged);
            foreach ((_, _, TaskCompletionSource reached) in _waiting.Where(waiting => waiting.Route == route && waiting.Count <= number))
            {
                reached.TrySetResult();
            }

            _waiting.RemoveAll(waiting => waiting.Reached.Task.IsCompleted);
            return logged;
        }
    }

    public IReadOnlyList<SimulatedGatewayRequest> Get(GatewayRoute route)
    {
        lock (_lock)
        {
            return [.. _requests[route]];
        }
    }

    public Task WaitAsync(GatewayRoute route, int count)
    {
        lock (_lock)
        {
            if (_requests[route].Count >= count)
            {
                return Task.CompletedTask;
            }

            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((route, count, reached));
            return reached.Task;
        }
    }
}
