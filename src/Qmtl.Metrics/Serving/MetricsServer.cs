using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Qmtl.Metrics.Collection;

namespace Qmtl.Metrics.Serving;

/// <summary>
/// Serves <c>GET /metrics</c> over HTTP/1.1 for Prometheus and whatever reads its formats, and <c>/healthz</c> and <c>/readyz</c> for
/// whoever looks after the process. It runs on threads of its own choosing and never on that of a shell, and no
/// scrape holds up what is measured.
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
    /// <param name="options">Where and how; null for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">The port is outside 0 to 65535.</exception>
    /// <exception cref="IOException">The port cannot be had; the message says why and what to do.</exception>
    public static MetricsServer Start(MetricsCollector collector, MetricsServerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(collector);
        options ??= new MetricsServerOptions();
        if (options.Port is < IPEndPoint.MinPort or > IPEndPoint.MaxPort)
        {
            throw new ArgumentOutOfRangeException(
                nameof(options), options.Port, $"A port is from {IPEndPoint.MinPort} to {IPEndPoint.MaxPort}.");
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
            $"Port {options.Port} of {options.Address} is in use, so metrics cannot be served there. Stop the program that uses it, or "
                + $"choose another port; 0 takes any that is free.",
        SocketError.AccessDenied =>
            $"Port {options.Port} of {options.Address} may not be used: ports below 1024 and reserved ones need an administrator. Choose "
                + $"another port, for example {MetricsServerOptions.DefaultPort}.",
        SocketError.AddressNotAvailable =>
            $"This machine has no address {options.Address}, so metrics cannot be served there. Use 127.0.0.1 (this machine alone) or "
                + $"0.0.0.0 (every network that it is in).",
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
                await MakeRoomAsync();
            }
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        var connection = new Connection(socket, _options);
        lock (_connections)
        {
            _connections.Add(connection);
            connection.Served = Task.Run(() => ServeAsync(connection));
        }
    }

    private TimeSpan SafeTimeLeft()
    {
        lock (_connections)
        {
            long left = _connections.Count == 0 ? 0 : _connections.Min(connection => connection.SafeUntil) - Stopwatch.GetTimestamp();
            return left > 0 ? TimeSpan.FromSeconds((double)left / Stopwatch.Frequency) : TimeSpan.Zero;
        }
    }

    // An honest client sends its request as soon as it is connected. So thousands that send half of one cost the honest one behind them
    // a moment and not the time that a request may take, while of those that are being answered only the slowest has to go.
    private async Task MakeRoomAsync()
    {
        Connection[] leaving;
        lock (_connections)
        {
            long now = Stopwatch.GetTimestamp();
            Connection[] unsafest =
                [.. _connections.Where(connection => connection.SafeUntil <= now).OrderBy(connection => connection.SafeUntil)];
            leaving = Array.FindAll(unsafest, connection => !connection.IsAnswered);
            leaving = leaving.Length > 0 ? leaving : [.. unsafest.Take(1)];
        }

        Array.ForEach(leaving, connection => connection.Socket.Dispose());
        await Task.WhenAll(leaving.Select(connection => connection.Served)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task ServeAsync(Connection connection)
    {
        try
        {
            await ScrapeConnection.ServeAsync(
                connection.Socket, _options, _collector, isAnswered => connection.Begin(isAnswered, _options), _stopping.Token);
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
                // Before it is gone from the list: whoever ends the server waits for the list and then for nothing else.
                _room.Release();
                _connections.Remove(connection);
            }
        }
    }

    private sealed class Connection
    {
        private long _safeUntil;

        public Connection(Socket socket, MetricsServerOptions options)
        {
            Socket = socket;
            Begin(isAnswered: false, options);
        }

        public Socket Socket { get; }

        public Task Served { get; set; } = Task.CompletedTask;

        /// <summary>Whether its request has come and its answer has not been sent yet.</summary>
        public bool IsAnswered { get; private set; }

        /// <summary>From when on it has to make room for another.</summary>
        public long SafeUntil => Interlocked.Read(ref _safeUntil);

        public void Begin(bool isAnswered, MetricsServerOptions options)
        {
            IsAnswered = isAnswered;
            TimeSpan safe = isAnswered ? options.AnswerTime : options.SilentTime;
            Interlocked.Exchange(ref _safeUntil, Stopwatch.GetTimestamp() + (long)(safe.TotalSeconds * Stopwatch.Frequency));
        }
    }
}
