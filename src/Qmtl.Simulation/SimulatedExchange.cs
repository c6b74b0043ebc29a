using System.Text;
using Qmtl.Simulation.Faults;
using Qmtl.Simulation.Http;
using Qmtl.Simulation.Markets;

namespace Qmtl.Simulation;

/// <summary>
/// An exchange on loopback that speaks Binance's wire format (<c>/api/v3/klines</c>, <c>/api/v3/time</c>, <c>/api/v3/ping</c>):
/// deterministic markets, request weight with its limits, and any fault on demand.
/// </summary>
public sealed class SimulatedExchange : IAsyncDisposable
{
    private const int KlinesWeight = 2;

    private readonly SimulatedExchangeOptions _options;
    private readonly KlinesEndpoint _klines;
    private readonly WeightLimiter _weight;
    private readonly LoopbackServer _server;
    private readonly Queue<SimulatedRequest> _requests = new();
    private long _requestCount;

    private SimulatedExchange(SimulatedExchangeOptions options)
    {
        _options = options;
        _klines = new KlinesEndpoint(options.Markets ?? GeneratedMarket.CreateDefaults(options.Seed), options.TimeProvider);
        _weight = new WeightLimiter(options.WeightPerMinute, options.RequestsBeforeBan, options.BanDuration, options.TimeProvider);
        _server = new LoopbackServer(ServeAsync, options.Compress);
    }

    /// <summary>Where it listens, for example <c>http://127.0.0.1:40123/</c>.</summary>
    public Uri BaseUri => _server.BaseUri;

    /// <summary>What is traded.</summary>
    public IReadOnlyCollection<ISimulatedMarket> Markets => _klines.Markets;

    /// <summary>What goes wrong; nothing by default.</summary>
    public SimulatedFaults Faults { get; } = new();

    /// <summary>How many requests for klines it received, with those it refused.</summary>
    public long RequestCount => Interlocked.Read(ref _requestCount);

    /// <summary>
    /// The latest requests for klines, in the order they were answered; see <see cref="SimulatedExchangeOptions.RequestLogCapacity"/>.
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

    /// <summary>Stops listening and closes every connection.</summary>
    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private Task<Answer> ServeAsync(LoopbackRequest request, CancellationToken cancellationToken) => request.Path switch
    {
        _ when request.Method != "GET" => Task.FromResult(Answer.WebPage(405, "405 Method Not Allowed")),
        "/api/v3/klines" => ServeKlinesAsync(request, cancellationToken),
        "/api/v3/ping" => Task.FromResult(new Answer(200, "{}"u8.ToArray())),
        "/api/v3/time" =>
            Task.FromResult(
                new Answer(
                    200, Encoding.UTF8.GetBytes($$"""{"serverTime":{{_options.TimeProvider.GetUtcNow().ToUnixTimeMilliseconds()}}}"""))),
        _ => Task.FromResult(Answer.WebPage(404, "404 Not Found")),
    };

    private async Task<Answer> ServeKlinesAsync(LoopbackRequest received, CancellationToken cancellationToken)
    {
        var query = KlinesQuery.Parse(received.Parameters);
        var request = new SimulatedRequest(
            Interlocked.Increment(ref _requestCount),
            _options.TimeProvider.GetUtcNow(),
            query.Symbol,
            query.IntervalText,
            query.Start,
            query.End,
            query.Limit,
            Status: 0);
        if (_options.Latency > TimeSpan.Zero)
        {
            await Task.Delay(_options.Latency, _options.TimeProvider, cancellationToken);
        }

        (int used, int status, TimeSpan retryAfter) = _weight.Use(KlinesWeight);
        SimulatedFault? fault = status == 200 ? Faults.Next(request) : null;
        if (fault?.Kind == SimulatedFaultKind.Stall)
        {
            Log(request);
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        }

        Answer answer = status == 200
            ? _klines.AnswerTo(query, request, fault)
            : new Answer(status, ApiError.TooManyRequests.ToJson()) { RetryAfter = retryAfter };
        Log(request with { Status = answer.Break == SimulatedFaultKind.ConnectionReset ? 0 : answer.Status });
        return answer with { UsedWeight = used, Date = _options.TimeProvider.GetUtcNow() };
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
