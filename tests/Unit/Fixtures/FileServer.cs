using System.Collections.Concurrent;
using System.Globalization;
using System.Net;

namespace Qmtl.Unit.Fixtures;

/// <summary>A web server that has files.</summary>
internal sealed class FileServer : IDisposable
{
    private readonly HeldPort _port = new();
    private readonly HttpListener _listener = new();

    public FileServer()
    {
        BaseUri = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_port.Number}/");
        _listener.Prefixes.Add(BaseUri);
        _listener.Start();
        _ = ServeAsync();
    }

    public string BaseUri { get; }

    public Dictionary<string, byte[]> Files { get; } = [];

    public ConcurrentQueue<string> Requests { get; } = [];

    /// <summary>How long each answer takes, at least; nothing by default.</summary>
    public TimeSpan Latency { get; set; }

    /// <summary>Answers nobody any more; its port stays its own.</summary>
    public void Stop() => _listener.Close();

    public void Dispose()
    {
        Stop();
        _port.Dispose();
    }

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            try
            {
                _ = AnswerAsync(await _listener.GetContextAsync());
            }
            catch (Exception error) when (error is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        try
        {
            string path = context.Request.Url!.AbsolutePath;
            Requests.Enqueue(path);
            await Task.Delay(Latency);
            byte[]? file = Files.GetValueOrDefault(path);
            context.Response.StatusCode = file is null ? 404 : 200;
            await context.Response.OutputStream.WriteAsync(file ?? []);
            context.Response.Close();
        }
        catch (Exception error) when (error is HttpListenerException or ObjectDisposedException or InvalidOperationException)
        {
            // The client, or this server, has gone.
        }
    }
}
