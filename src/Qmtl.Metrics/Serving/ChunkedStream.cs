using System.Globalization;
using Qmtl.Output;

namespace Qmtl.Metrics.Serving;

/// <summary>
/// Writes a body of unknown length in HTTP/1.1's chunks, so that its reader can tell a whole answer from one that broke off.
/// </summary>
internal sealed class ChunkedStream(Stream destination) : WriteOnlyStream
{
    // Four hexadecimal digits and a line break before the data, a line break after it.
    private const int HeadLength = 6;
    private const int MostData = 0x4000;

    private readonly byte[] _buffer = new byte[HeadLength + MostData + 2];
    private int _length;

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            int count = Math.Min(buffer.Length, MostData - _length);
            buffer[..count].CopyTo(_buffer.AsMemory(HeadLength + _length));
            _length += count;
            buffer = buffer[count..];
            if (_length == MostData)
            {
                await SendAsync(cancellationToken);
            }
        }
    }

    /// <summary>Sends what is left and the mark of the end.</summary>
    public async Task EndAsync(CancellationToken cancellationToken)
    {
        await SendAsync(cancellationToken);
        await destination.WriteAsync("0\r\n\r\n"u8.ToArray(), cancellationToken);
    }

    // A chunk is sent when it is full: whoever flushes in between only means that nothing is held back for ever.
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush()
    {
    }

    public override void Write(ReadOnlySpan<byte> buffer) =>
        throw new NotSupportedException("This stream is written asynchronously.");

    private async ValueTask SendAsync(CancellationToken cancellationToken)
    {
        if (_length == 0)
        {
            return;
        }

        _length.TryFormat(_buffer, out _, "x4", CultureInfo.InvariantCulture);
        "\r\n"u8.CopyTo(_buffer.AsSpan(HeadLength - 2));
        "\r\n"u8.CopyTo(_buffer.AsSpan(HeadLength + _length));
        int length = HeadLength + _length + 2;
        _length = 0;
        await destination.WriteAsync(_buffer.AsMemory(0, length), cancellationToken);
    }
}
