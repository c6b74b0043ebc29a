using System.Buffers;
using System.Text;

namespace Qmtl.Fetching.Binance;

/// <summary>The body of an answer in a pooled buffer. Dispose it to give the buffer back.</summary>
internal sealed class ResponseBody : IDisposable
{
    // A page of 1,000 candles has less than 200 kB; whatever has this much is no page.
    private const int Longest = 16 * 1024 * 1024;
    private const int ExcerptLength = 80;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(256 * 1024);
    private int _length;

    private ResponseBody()
    {
    }

    public ReadOnlySpan<byte> Bytes => _buffer.AsSpan(0, _length);

    /// <summary>Reads the body to its end, or as much as no sound answer has.</summary>
    /// <exception cref="HttpRequestException">The connection broke.</exception>
    /// <exception cref="IOException">The connection broke, or the body's compression is damaged.</exception>
    public static async Task<ResponseBody> ReadAsync(HttpContent content, CancellationToken cancellationToken)
    {
        var body = new ResponseBody();
        try
        {
            await using Stream stream = await content.ReadAsStreamAsync(cancellationToken);
            int read;
            while (body._length < Longest && (read = await stream.ReadAsync(body.Free(), cancellationToken)) > 0)
            {
                body._length += read;
            }

            return body;
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    /// <summary>The beginning, in one line and without anything a terminal could take for a command.</summary>
    public string Excerpt()
    {
        string text = Encoding.UTF8.GetString(Bytes[..Math.Min(_length, 4 * ExcerptLength)]);
        var line = new StringBuilder();
        foreach (char character in text)
        {
            bool blank = char.IsWhiteSpace(character) || char.IsControl(character);
            if (line.Length >= ExcerptLength)
            {
                return line.Append('…').ToString();
            }

            if (!blank)
            {
                line.Append(character);
            }
            else if (line.Length > 0 && line[^1] != ' ')
            {
                line.Append(' ');
            }
        }

        return line.ToString().TrimEnd();
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
