using System.Net;
using Qmtl.History.Relational;

namespace Qmtl.History.QuestDb.Ilp;

/// <summary>
/// The bars of one write as the body of one request. It is encoded while it is sent: what was encoded is on its way through
/// the socket while the next piece is made, and memory stays at one piece, however many bars there are.
/// </summary>
/// <remarks>One request is one transaction of the server, so the bars are there all together or not at all.</remarks>
internal sealed class IlpContent(IlpEncoder encoder, IReadOnlyList<PlannedFrame> frames) : HttpContent
{
    private const int PieceBytes = 256 * 1024;

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        using var buffer = new IlpBuffer(PieceBytes + 4096);
        foreach (PlannedFrame frame in frames)
        {
            IlpColumn[] columns = encoder.ColumnsOf(frame);
            for (int row = 0; row < frame.Timestamps.Length;)
            {
                row = encoder.Encode(frame.Timestamps.Span, columns, row, PieceBytes, buffer);
                if (buffer.Length >= PieceBytes)
                {
                    await stream.WriteAsync(buffer.Written, cancellationToken);
                    buffer.Clear();
                }
            }
        }

        await stream.WriteAsync(buffer.Written, cancellationToken);
    }

    // Not known before everything is encoded, so the body goes in chunks.
    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
