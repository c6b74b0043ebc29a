using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Qmtl.Recording.Spooling;

/// <summary>
/// Where a record is put together before it goes into a segment: its length (4 bytes), a checksum (4 bytes) and the body, everything
/// padded to 8 bytes and in the machine's own byte order, since no other machine reads it.
/// </summary>
internal sealed class RecordBuffer
{
    /// <summary>The bytes before the body.</summary>
    public const int HeaderBytes = 2 * sizeof(int);

    private byte[] _bytes = new byte[1024];
    private int _length;

    /// <summary>The record, after <see cref="End"/>.</summary>
    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    /// <summary>The next multiple of 8.</summary>
    public static long Padded(long bytes) => (bytes + 7) & ~7L;

    /// <summary>CRC-32C of a body, whose length is a multiple of 8.</summary>
    public static uint Checksum(ReadOnlySpan<byte> body)
    {
        uint checksum = uint.MaxValue;
        foreach (ulong word in MemoryMarshal.Cast<byte, ulong>(body))
        {
            checksum = BitOperations.Crc32C(checksum, word);
        }

        return ~checksum;
    }

    /// <summary>Whether a record with a body of that length stands at the beginning of <paramref name="bytes"/>.</summary>
    public static bool IsRecord(ReadOnlySpan<byte> bytes, int length) =>
        length >= 8 && length % 8 == 0 && length <= bytes.Length - HeaderBytes
        && Checksum(bytes.Slice(HeaderBytes, length)) == MemoryMarshal.Read<uint>(bytes[sizeof(int)..]);

    /// <summary>Begins a record.</summary>
    public void Begin() => _length = HeaderBytes;

    public void WriteInt32(int value) => MemoryMarshal.Write(Reserve(sizeof(int)), value);

    public void WriteInt64(long value) => MemoryMarshal.Write(Reserve(sizeof(long)), value);

    /// <summary>A text in UTF-16, so that every text comes back as it was; null is a length of -1.</summary>
    public void WriteText(string? text)
    {
        WriteInt32(text?.Length ?? -1);
        Write<char>(text);
    }

    /// <summary>Values as they are in memory. They hold no references.</summary>
    public void Write<T>(ReadOnlySpan<T> values)
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.CreateReadOnlySpan(
            ref Unsafe.As<T, byte>(ref MemoryMarshal.GetReference(values)), values.Length * Unsafe.SizeOf<T>());
        bytes.CopyTo(Reserve(bytes.Length));
    }

    /// <summary>Fills up to the next multiple of 8.</summary>
    public void Pad() => Reserve((int)(Padded(_length) - _length)).Clear();

    /// <summary>Fills in length and checksum.</summary>
    public void End()
    {
        Pad();
        MemoryMarshal.Write(_bytes, _length - HeaderBytes);
        MemoryMarshal.Write(_bytes.AsSpan(sizeof(int)), Checksum(_bytes.AsSpan(HeaderBytes, _length - HeaderBytes)));
    }

    private Span<byte> Reserve(int bytes)
    {
        int start = _length;
        _length += bytes;
        if (_length > _bytes.Length)
        {
            Array.Resize(ref _bytes, (int)Math.Min(Array.MaxLength, Math.Max(2L * _bytes.Length, _length)));
        }

        return _bytes.AsSpan(start, bytes);
    }
}

/// <summary>Reads the body of a record from its beginning to its end, and throws where it is shorter than it says.</summary>
internal ref struct RecordReader(ReadOnlySpan<byte> body)
{
    private readonly ReadOnlySpan<byte> _body = body;
    private int _position;

    /// <summary>Whether all of it is read.</summary>
    public readonly bool IsAtEnd => _position == _body.Length;

    public int ReadInt32() => MemoryMarshal.Read<int>(Take(sizeof(int)));

    public long ReadInt64() => MemoryMarshal.Read<long>(Take(sizeof(long)));

    public string? ReadText() => ReadInt32() is >= 0 and var length ? new string(Read<char>(length)) : null;

    /// <summary>Passes over a text.</summary>
    public void SkipText() => Read<char>(Math.Max(0, ReadInt32()));

    /// <summary>Values as <see cref="RecordBuffer.Write{T}"/> wrote them.</summary>
    public ReadOnlySpan<T> Read<T>(int count)
    {
        ReadOnlySpan<byte> bytes = Take(checked(count * Unsafe.SizeOf<T>()));
        return MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<byte, T>(ref MemoryMarshal.GetReference(bytes)), count);
    }

    /// <summary>Passes over what <see cref="RecordBuffer.Pad"/> filled in.</summary>
    public void SkipPadding() => Take((int)RecordBuffer.Padded(_position) - _position);

    private ReadOnlySpan<byte> Take(int bytes)
    {
        ReadOnlySpan<byte> taken = _body.Slice(_position, bytes);
        _position += bytes;
        return taken;
    }
}
