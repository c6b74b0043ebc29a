using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Qmtl.Data;

namespace Qmtl.History;

/// <summary>What says that a stream is being filled, until it is disposed.</summary>
/// <param name="release">Takes it back; it must not throw.</param>
internal sealed class StreamClaim(Func<ValueTask> release) : IAsyncDisposable
{
    /// <summary>Says nothing: for a store through which runs cannot see each other, or where that fails just now.</summary>
    public static StreamClaim None { get; } = new(static () => ValueTask.CompletedTask);

    /// <summary>A number for a stream's claim that every process finds alike.</summary>
    /// <param name="table">The table that the stream is in.</param>
    /// <param name="stream">The stream.</param>
    public static long KeyOf(string? table, StreamKey stream) => BinaryPrimitives.ReadInt64LittleEndian(
        SHA256.HashData(Encoding.UTF8.GetBytes($"qmtl fills {table}\n{stream.Interval.Number}\n{stream.NodeId}")));

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => release();
}

/// <summary>What says that many streams are being filled, until it is disposed.</summary>
/// <param name="refused">The streams that another run has claimed, and that are not claimed by this.</param>
/// <param name="claim">What takes it back.</param>
public sealed class StreamClaims(IReadOnlySet<StreamKey> refused, IAsyncDisposable claim) : IAsyncDisposable
{
    /// <summary>The streams that another run fills.</summary>
    public IReadOnlySet<StreamKey> Refused { get; } = refused;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => claim.DisposeAsync();
}
