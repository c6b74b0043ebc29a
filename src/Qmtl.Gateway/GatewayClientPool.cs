using System.Collections.Concurrent;

namespace Qmtl.Gateway;

/// <summary>
/// One client for each gateway, so that what one run learnt of a gateway that cannot be reached counts for the next one too.
/// </summary>
/// <remarks>
/// May be used from several threads. Clients hold nothing that has to be released: their connections are those of the process.
/// </remarks>
public sealed class GatewayClientPool
{
    private readonly ConcurrentDictionary<string, GatewayClient> _clients = new(StringComparer.Ordinal);
    private readonly GatewayClientOptions? _options;
    private readonly TimeProvider? _timeProvider;

    /// <summary>A pool.</summary>
    /// <param name="options">How its clients behave; null for the defaults.</param>
    /// <param name="timeProvider">The clock of time-outs and of circuits; null for the system's.</param>
    public GatewayClientPool(GatewayClientOptions? options = null, TimeProvider? timeProvider = null) =>
        (_options, _timeProvider) = (options, timeProvider);

    /// <summary>The client of a gateway, the same one each time. Another user or password is another client.</summary>
    /// <param name="gateway">The gateway's address.</param>
    /// <exception cref="ArgumentException">The address is no absolute http or https address without query, or an option is outside its
    /// limits.</exception>
    public GatewayClient Get(Uri gateway)
    {
        ArgumentNullException.ThrowIfNull(gateway);
        return _clients.GetOrAdd(
            gateway.OriginalString.TrimEnd('/'), _ => new GatewayClient(gateway, httpClient: null, _options, _timeProvider));
    }
}
