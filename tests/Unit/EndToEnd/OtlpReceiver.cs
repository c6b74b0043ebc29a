using System.Collections.Concurrent;
using System.Net;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.EndToEnd;

/// <summary>Takes what is pushed by OTLP over HTTP on loopback, and keeps it.</summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly HeldPort _port = new();
    private readonly HttpListener _listener = new();
    private readonly ConcurrentQueue<Push> _pushes = new();
    private readonly Task _receiving;

    public OtlpReceiver()
    {
        BaseUri = new Uri($"http://127.0.0.1:{_port.Number}/");
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
        _port.Dispose();
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
