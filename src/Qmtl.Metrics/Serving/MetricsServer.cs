using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Qmtl.Metrics.Collection;

namespace Qmtl.Metrics.Serving;

/// <summary>
/// Serves <c>GET /metrics</c> over HTTP/1.1 for Prometheus and whatever reads its formats. It runs on threads of its own
/// choosing and never on that of a shell, and no scrape holds up what is measured.
/// </summary>
/// <remarks>
/// One request a connection. prometheus-net's own server stands on <see cref="HttpListener"/>, which outside of Windows knows no
/// limit of connections and no time in which an answer must be read, and on Windows wants an administrator's leave for any address but
/// localhost; docs/dependencies.md has what was measured.
/// </remarks>
public sealed class MetricsServer : IAsyncDisposable
{
    private readonly MetricsServerOptions _options;
    private readonly MetricsCollector _collector;
    private readonly Socket _listener;
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _room;

    private readonly HashSet<Connection> _connections = [];
    private readonly Task _accepting;
    private int _disposed;

    private MetricsServer(MetricsCollector collector, MetricsServerOptions options, Socket listener)
    {
        (_collector, _options, _listener) = (collector, options, listener);
        EndPoint = (IPEndPoint)listener.LocalEndPoint!;
        _room = new SemaphoreSlim(options.MaximumConnections);
        _accepting = Task.Run(AcceptAsync);
    }

    /// <summary>The address and port it listens on.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Where the metrics are, for example <c>http://127.0.0.1:8000/metrics</c>.</summary>
    public Uri Uri => new($"http://{EndPoint}{MetricsRequest.Path}");

    /// <summary>How many connections are open now.</summary>
    internal int OpenConnections
    {
        get
        {
            lock (_connections)
            {
                return _connections.Count;
            }
        }
    }

    /// <summary>Starts to listen and returns at once.</summary>
    /// <param name="collector">What is served. It is not disposed.</param>
    /// <param name="options">Where and how; defaults where null.</param>
    /// <exception cref="ArgumentOutOfRangeException">The port is outside 0 to 65535.</exception>
    /// <exception cref="IOException">The port cannot be had; the message says why and what to do.</exception>
    public static MetricsServer Start(MetricsCollector collector, MetricsServerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(collector);
        options ??= new MetricsServerOptions();
        if (options.Port is < IPEndPoint.MinPort or > IPEndPoint.MaxPort)
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.Port, $"A port is from {IPEndPoint.MinPort} to {IPEndPoint.MaxPort}.");
        }

        var listener = new Socket(options.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            // Elsewhere this is so anyway, and asking for it would hold back a port that was used a minute ago.
            if (OperatingSystem.IsWindows())
            {
                listener.ExclusiveAddressUse = true;
            }

            listener.Bind(new IPEndPoint(options.Address, options.Port));
            listener.Listen();
            return new MetricsServer(collector, options, listener);
        }
        catch (SocketException error)
        {
            listener.Dispose();
            throw new IOException(Explain(error, options), error);
        }
    }

    /// <summary>Stops to listen and closes every connection. The port is free when this has ended.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _stopping.CancelAsync();
        _listener.Dispose();
        await _accepting;
        Task[] open;
        lock (_connections)
        {
            open = [.. _connections.Select(connection => connection.Served)];
        }

        await Task.WhenAll(open);
        _room.Dispose();
        _stopping.Dispose();
    }

    private static string Explain(SocketException error, MetricsServerOptions options) => error.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse =>
            $"Port {options.Port} of {options.Address} is in use, so metrics cannot be served there. Stop the program that uses it, or choose another port; 0 takes any that is free.",
        SocketError.AccessDenied =>
            $"Port {options.Port} of {options.Address} may not be used: ports below 1024 and reserved ones need an administrator. Choose another port, for example {MetricsServerOptions.DefaultPort}.",
        SocketError.AddressNotAvailable =>
            $"This machine has no address {options.Address}, so metrics cannot be served there. Use 127.0.0.1 (this machine alone) or 0.0.0.0 (every network that it is in).",
        _ => $"Metrics cannot be served on port {options.Port} of {options.Address}: {error.Message}.",
    };

    private async Task AcceptAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                Socket socket = await _listener.AcceptAsync(_stopping.Token);
                await OpenAsync(socket);
            }
            catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // The client has gone already, or the process has no handle left: the next one may fare better.
                await Task.Delay(TimeSpan.FromMilliseconds(50), CancellationToken.None);
            }
        }
    }

    // While one client waits here for room, those after it wait in the system's queue; none of them is turned away.
    private async Task OpenAsync(Socket socket)
    {
        try
        {
            while (!await _room.WaitAsync(SafeTimeLeft(), _stopping.Token))
            {
                await CloseLongestUnsafeAsync();
            }
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        var connection = new Connection(socket, _options.SilentTime);
        lock (_connections)
        {
            _connections.Add(connection);
            connection.Served = Task.Run(() => ServeAsync(connection));
        }
    }

    // A thousand clients that send half a request cost an honest one that waits behind them a moment, not the time that a request may
    // take: who is slow or stuck is known by what it has not done by now.
    private TimeSpan SafeTimeLeft()
    {
        lock (_connections)
        {
            TimeSpan left = _connections.Count == 0 ? TimeSpan.Zero : _connections.Min(connection => connection.SafeTimeLeft);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    // Its room is free when this has ended, so that one new client costs no more than one old one.
    private async Task CloseLongestUnsafeAsync()
    {
        Connection? unsafest;
        lock (_connections)
        {
            unsafest = _connections.MinBy(connection => connection.SafeTimeLeft);
        }

        if (unsafest?.SafeTimeLeft <= TimeSpan.Zero)
        {
            unsafest.Socket.Dispose();
            await unsafest.Served.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ServeAsync(Connection connection)
    {
        try
        {
            void Keep(bool isAnswering) => connection.Keep(isAnswering ? _options.AnswerTime : _options.SilentTime);
            await ScrapeConnection.ServeAsync(connection.Socket, _options, _collector, Keep, _stopping.Token);
        }
        catch (Exception error) when (error is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The client has gone, was too slow, or made room for another; or the server stops. Nobody is left to be told.
        }
        finally
        {
            connection.Socket.Dispose();
            lock (_connections)
            {
                _connections.Remove(connection);
            }

            _room.Release();
        }
    }

    private sealed class Connection
    {
        private long _safeUntil;

        public Connection(Socket socket, TimeSpan safe)
        {
            Socket = socket;
            Keep(safe);
        }

        public Socket Socket { get; }

        public Task Served { get; set; } = Task.CompletedTask;

        /// <summary>How long it need not make room for another; negative where that time is over.</summary>
        public TimeSpan SafeTimeLeft => Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), Interlocked.Read(ref _safeUntil));

        /// <summary>Is safe for so long from now on.</summary>
        public void Keep(TimeSpan time) => Interlocked.Exchange(ref _safeUntil, Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency));
    }
}
