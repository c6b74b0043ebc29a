using System.Buffers;
using System.Text;
using Qmtl.Messages;

namespace Qmtl.Fetching.Http;

/// <summary>The body of an answer in a pooled buffer. Dispose it to give the buffer back.</summary>
internal sealed class ResponseBody : IDisposable
{
    private const int ExcerptLength = 80;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(256 * 1024);
    private int _length;

    private ResponseBody()
    {
    }

    /// <summary>The body, without the mark of UTF-8 that some servers put before it.</summary>
    public ReadOnlySpan<byte> Bytes => Memory.Span;

    /// <summary>As <see cref="Bytes"/>, valid until the body is disposed.</summary>
    public ReadOnlyMemory<byte> Memory
    {
        get
        {
            ReadOnlyMemory<byte> all = _buffer.AsMemory(0, _length);
            return all.Span.StartsWith(Encoding.UTF8.Preamble) ? all[Encoding.UTF8.Preamble.Length..] : all;
        }
    }

    /// <summary>Whether reading stopped because it is longer than a sound answer.</summary>
    public bool IsTooLong { get; private set; }

    /// <summary>Reads the body to its end, or until it is longer than a sound answer.</summary>
    /// <param name="content">Where it comes from.</param>
    /// <param name="longest">How many bytes a sound answer has at most.</param>
    /// <param name="cancellationToken">Ends reading.</param>
    /// <exception cref="HttpRequestException">The connection broke.</exception>
    /// <exception cref="IOException">The connection broke, or the body's compression is damaged.</exception>
    public static async Task<ResponseBody> ReadAsync(HttpContent content, int longest, CancellationToken cancellationToken)
    {
        var body = new ResponseBody();
        try
        {
            await using Stream stream = await content.ReadAsStreamAsync(cancellationToken);
            int read;
            while (body._length <= longest && (read = await stream.ReadAsync(body.Free(), cancellationToken)) > 0)
            {
                body._length += read;
            }

            body.IsTooLong = body._length > longest;
            return body;
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    /// <summary>The beginning, in one line and without anything a terminal could take for a command.</summary>
    public string Excerpt() =>
        PlainText.OneLine(Encoding.UTF8.GetString(Bytes[..Math.Min(Bytes.Length, 4 * ExcerptLength)]), ExcerptLength);

    /// <summary>Makes stars of every occurrence of some bytes, so that nothing that is told of the body holds them.</summary>
    public void Cover(ReadOnlySpan<byte> bytes)
    {
        Span<byte> rest = _buffer.AsSpan(0, _length);
        for (int at; (at = rest.IndexOf(bytes)) >= 0; rest = rest[(at + bytes.Length)..])
        {
            rest.Slice(at, bytes.Length).Fill((byte)'*');
        }
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _length = 0;
    }

    private Memory<byte> Free()
    {
        if (_length == _buffer.Length)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(_buffer.Length * 2);
            _buffer.CopyTo(larger, 0);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }

        return _buffer.AsMemory(_length);
    }
}
