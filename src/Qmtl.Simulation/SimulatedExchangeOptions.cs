using System.Net;
using Qmtl.Simulation.Markets;

namespace Qmtl.Simulation;

/// <summary>What a <see cref="SimulatedExchange"/> trades and how it behaves.</summary>
public sealed record SimulatedExchangeOptions
{
    /// <summary>
    /// The text of the exchange profile in whose format it speaks (see docs/exchanges.md); null, as by default, for Binance's. Limits are
    /// those of the profile.
    /// </summary>
    public string? Profile { get; init; }

    /// <summary>The most rows of an answer of a profile's exchange, where that is to be fewer than it really gives.</summary>
    /// <value>Null by default.</value>
    public int? MostRows { get; init; }

    /// <summary>What is traded.</summary>
    /// <value>
    /// Null by default: <see cref="GeneratedMarket.CreateDefaults"/> of <see cref="Seed"/>, or, with a profile, one market of its example
    /// symbol, with outages and quiet minutes, which have bars where the exchange gives such.
    /// </value>
    public IReadOnlyList<ISimulatedMarket>? Markets { get; init; }

    /// <summary>The seed of the markets it makes itself.</summary>
    /// <value>0 by default.</value>
    public long Seed { get; init; }

    /// <summary>
    /// The most weight that may be used in any minute; a request for klines costs 2. Beyond it the answer is 429, and 418 to a client that
    /// goes on regardless.
    /// </summary>
    /// <value>6,000 by default, as Binance has it; null for no limit.</value>
    public int? WeightPerMinute { get; init; } = 6000;

    /// <summary>How many requests a client may make after a 429, before its <c>Retry-After</c> has passed, until it is banned.</summary>
    /// <value>5 by default.</value>
    public int RequestsBeforeBan { get; init; } = 5;

    /// <summary>How long a ban (418) lasts.</summary>
    /// <value>2 minutes by default.</value>
    public TimeSpan BanDuration { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long each answer takes, at least.</summary>
    /// <value>Zero by default.</value>
    public TimeSpan Latency { get; init; }

    /// <summary>Whether answers are compressed (gzip) for clients that accept it.</summary>
    /// <value>False by default.</value>
    public bool Compress { get; init; }

    /// <summary>Where it listens: no other address than loopback's, unless it is one of a network of its own.</summary>
    /// <value>127.0.0.1 by default.</value>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>How many of the latest requests <see cref="SimulatedExchange.Requests"/> keeps.</summary>
    /// <value>10,000 by default; 0 for none.</value>
    public int RequestLogCapacity { get; init; } = 10_000;

    /// <summary>The clock: it says which bar is still forming and when a minute of weight has passed.</summary>
    /// <value>The system's by default.</value>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}
