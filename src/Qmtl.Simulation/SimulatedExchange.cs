using Qmtl.Simulation.Faults;
using Qmtl.Simulation.Http;
using Qmtl.Simulation.Markets;
using Qmtl.Simulation.Profiles;

namespace Qmtl.Simulation;

/// <summary>
/// An exchange on loopback that speaks Binance's wire format (<c>/api/v3/klines</c>, <c>/api/v3/time</c>, <c>/api/v3/ping</c>), or that of
/// any profile (<see cref="SimulatedExchangeOptions.Profile"/>): deterministic markets, limits, and any fault on demand.
/// </summary>
public sealed class SimulatedExchange : IAsyncDisposable
{
    private readonly SimulatedExchangeOptions _options;
    private readonly ISimulatedApi _api;
    private readonly LoopbackServer _server;
    private readonly Queue<SimulatedRequest> _requests = new();
    private long _requestCount;

    private SimulatedExchange(SimulatedExchangeOptions options)
    {
        _options = options;
        _api = options.Profile is { } profile
            ? new ProfileApi(profile, options.Markets, options.MostRows ?? int.MaxValue, options.TimeProvider)
            : new KlinesEndpoint(
                options.Markets ?? GeneratedMarket.CreateDefaults(options.Seed),
                new(options.WeightPerMinute, TimeSpan.FromMinutes(1), options.RequestsBeforeBan, options.BanDuration, options.TimeProvider),
                options.TimeProvider);
        _server = new LoopbackServer(ServeAsync, options.Compress, options.Address);
    }

    /// <summary>Where it listens, for example <c>http://127.0.0.1:40123/</c>.</summary>
    public Uri BaseUri => _server.BaseUri;

    /// <summary>What is traded.</summary>
    public IReadOnlyCollection<ISimulatedMarket> Markets => _api.Markets;

    /// <summary>What goes wrong; nothing by default.</summary>
    public SimulatedFaults Faults { get; } = new();

    /// <summary>How many requests for candles it received, with those it refused.</summary>
    public long RequestCount => Interlocked.Read(ref _requestCount);

    /// <summary>
    /// The latest requests for candles, in the order they were answered; see <see cref="SimulatedExchangeOptions.RequestLogCapacity"/>.
    /// </summary>
    public IReadOnlyList<SimulatedRequest> Requests
    {
        get
        {
            lock (_requests)
            {
                return [.. _requests];
            }
        }
    }

    /// <summary>Starts an exchange on a free port of 127.0.0.1.</summary>
    /// <param name="options">What it trades and how it behaves; null for the defaults.</param>
    public static SimulatedExchange Start(SimulatedExchangeOptions? options = null) => new(options ?? new SimulatedExchangeOptions());

    /// <summary>The text of a profile that comes with the library, for <see cref="SimulatedExchangeOptions.Profile"/>.</summary>
    /// <param name="name">Its name, for example <c>okx</c>.</param>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public static string ProfileOf(string name) => ProfileApi.TextOf(name);

    /// <summary>Stops listening and closes every connection.</summary>
    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private Task<Answer> ServeAsync(LoopbackRequest request, CancellationToken cancellationToken) =>
        _api.Read(request) is { } question ? ServeAsync(question, cancellationToken) : Task.FromResult(_api.AnswerTo(request));

    private async Task<Answer> ServeAsync(Question question, CancellationToken cancellationToken)
    {
        var request = new SimulatedRequest(
            Interlocked.Increment(ref _requestCount),
            _options.TimeProvider.GetUtcNow(),
            question.Symbol,
            question.IntervalText,
            question.Start,
            question.End,
            question.Limit,
            Status: 0);
        if (_options.Latency > TimeSpan.Zero)
        {
            await Task.Delay(_options.Latency, _options.TimeProvider, cancellationToken);
        }

        Pass pass = _api.Use(question);
        SimulatedFault? fault = pass.Refusal is null ? Faults.Next(request) : null;
        if (fault?.Kind == SimulatedFaultKind.Stall)
        {
            Log(request);
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        }

        Answer answer = pass.Refusal ?? _api.AnswerTo(question, request, fault);
        Log(request with { Status = answer.Break == SimulatedFaultKind.ConnectionReset ? 0 : answer.Status });
        return answer with { Headers = pass.Headers, Date = _options.TimeProvider.GetUtcNow() };
    }

    private void Log(SimulatedRequest request)
    {
        lock (_requests)
        {
            _requests.Enqueue(request);
            while (_requests.Count > _options.RequestLogCapacity)
            {
                _requests.Dequeue();
            }
        }
    }
}
