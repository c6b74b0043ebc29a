using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Qmtl.Recording.Spooling;

/// <summary>Reads the body of a record from its beginning to its end.</summary>
internal ref struct RecordReader(ReadOnlySpan<byte> body)
{
    private readonly ReadOnlySpan<byte> _body = body;
    private int _position;

    public int ReadInt32() => MemoryMarshal.Read<int>(Take(sizeof(int)));

    public long ReadInt64() => MemoryMarshal.Read<long>(Take(sizeof(long)));

    public string? ReadText()
    {
        int length = ReadInt32();
        return length < 0 ? null : new string(MemoryMarshal.Cast<byte, char>(Take(length * sizeof(char))));
    }

    public ReadOnlySpan<T> Read<T>(int count)
        where T : unmanaged => MemoryMarshal.Cast<byte, T>(Take(count * Unsafe.SizeOf<T>()));

    /// <summary>Passes over what <see cref="RecordBuffer.Pad"/> filled in.</summary>
    public void SkipPadding() => _position = (int)RecordBuffer.Padded(_position);

    private ReadOnlySpan<byte> Take(int bytes)
    {
        ReadOnlySpan<byte> taken = _body.Slice(_position, bytes);
        _position += bytes;
        return taken;
    }
}
