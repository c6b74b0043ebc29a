using System.Net;

namespace Qmtl.Metrics.Serving;

/// <summary>Where a <see cref="MetricsServer"/> listens and how much it bears.</summary>
public sealed record MetricsServerOptions
{
    /// <summary>The port that is used where none is given.</summary>
    public const int DefaultPort = 8000;

    /// <summary>
    /// The address to listen on. What is served needs no password, so another machine should reach it only where that is wanted.
    /// </summary>
    /// <value>127.0.0.1 by default: this machine alone.</value>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>The port.</summary>
    /// <value>8000 by default; from 0 to 65535, where 0 takes any that is free.</value>
    public int Port { get; init; } = DefaultPort;

    /// <summary>How long a client may take to send its request.</summary>
    /// <value>5 seconds by default.</value>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a client may take to receive the answer.</summary>
    /// <value>15 seconds by default, a little longer than Prometheus waits.</value>
    public TimeSpan ResponseTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The most connections at a time. Those beyond it wait until there is room.</summary>
    /// <value>512 by default.</value>
    public int MaximumConnections { get; init; } = 512;

    /// <summary>
    /// How long a client that has not sent its request, or has its answer, is safe. Where all connections are taken, those make room for
    /// one that waits.
    /// </summary>
    /// <value>A tenth of a second by default: an honest client sends its request as soon as it is connected.</value>
    public TimeSpan SilentTime { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// How long a client that is being answered is safe. Where all connections are taken and none is silent, the slowest makes room for one
    /// that waits.
    /// </summary>
    /// <value>1 second by default; an honest scrape takes some milliseconds.</value>
    public TimeSpan AnswerTime { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Why the process should be started anew, in a sentence; null from it where it lives. It is asked at each request of
    /// <c>/healthz</c>, from any thread, and must answer at once, not throw, and hold no secret.
    /// </summary>
    /// <value>Null by default: who answers, lives.</value>
    public Func<string?>? Live { get; init; }

    /// <summary>
    /// Why the process does not do yet, or any more, what it is there for, in a sentence; null from it where it does. It is asked at each
    /// request of <c>/readyz</c>, like <see cref="Live"/>.
    /// </summary>
    /// <value>Null by default: it is ready from the start.</value>
    public Func<string?>? Ready { get; init; }

    /// <summary>Reads an address as an operator writes it.</summary>
    /// <exception cref="FormatException">It is neither an IP address nor <c>localhost</c>.</exception>
    public static IPAddress ParseAddress(string text) =>
        string.Equals(text, "localhost", StringComparison.OrdinalIgnoreCase) ? IPAddress.Loopback
        : IPAddress.TryParse(text, out IPAddress? address) ? address
        : throw new FormatException(
            $"'{text}' is no IP address. Give one of this machine's, for example 127.0.0.1 (this machine alone) or 0.0.0.0 (every network "
                + $"that it is in).");
}
