using System.Numerics;
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

    /// <summary>How many rows a body says that it holds.</summary>
    /// <exception cref="InvalidDataException">No body that was recorded says so.</exception>
    public static int RowsIn(ReadOnlySpan<byte> body) => MemoryMarshal.Read<int>(body[sizeof(int)..]) is >= 0 and var rows
        ? rows
        : throw new InvalidDataException("The record holds less than no rows.");

    public void Begin() => _length = HeaderBytes;

    public void WriteInt32(int value) => MemoryMarshal.Write(Reserve(sizeof(int)), value);

    public void WriteInt64(long value) => MemoryMarshal.Write(Reserve(sizeof(long)), value);

    /// <summary>A text in UTF-16, so that every text comes back as it was; null is a length of -1.</summary>
    public void WriteText(string? text)
    {
        WriteInt32(text?.Length ?? -1);
        if (text is not null)
        {
            Write<char>(text);
        }
    }

    public void Write<T>(ReadOnlySpan<T> values)
        where T : unmanaged
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(values);
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
