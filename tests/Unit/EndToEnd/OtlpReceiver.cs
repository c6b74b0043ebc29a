using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Qmtl.Unit.EndToEnd;

/// <summary>Takes what is pushed by OTLP over HTTP on loopback, and keeps it.</summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly ConcurrentQueue<Push> _pushes = new();
    private readonly Task _receiving;

    public OtlpReceiver()
    {
        using (var free = new TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            BaseUri = new Uri($"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}/");
        }

        _listener.Prefixes.Add(BaseUri.ToString());
        _listener.Start();
        _receiving = Task.Run(ReceiveAsync);
    }

    public Uri BaseUri { get; }

    public IReadOnlyList<Push> Pushes => [.. _pushes];

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _receiving;
        _listener.Close();
    }

    private async Task ReceiveAsync()
    {
        try
        {
            while (true)
            {
                HttpListenerContext context = await _listener.GetContextAsync();
                using var body = new MemoryStream();
                await context.Request.InputStream.CopyToAsync(body);
                _pushes.Enqueue(new Push(context.Request.Url!.AbsolutePath, context.Request.ContentType, context.Request.Headers["x-token"], body.ToArray()));
                context.Response.Close();
            }
        }
        catch (Exception error) when (error is HttpListenerException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    /// <summary>One request.</summary>
    internal sealed record Push(string Path, string? ContentType, string? Token, byte[] Body);
}
