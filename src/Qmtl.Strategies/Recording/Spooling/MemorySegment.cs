namespace Qmtl.Recording.Spooling;

/// <summary>A segment in memory, for as long as there is no room on disk.</summary>
internal sealed class MemorySegment(int capacity) : Segment(capacity)
{
    private readonly byte[] _bytes = new byte[capacity];

    public override bool IsOnDisk => IsSaved;

    /// <summary>Whether a copy of it is on disk, for the next process.</summary>
    public bool IsSaved { get; set; }

    /// <summary>All its records.</summary>
    public ReadOnlySpan<byte> Records => _bytes.AsSpan(HeaderBytes, End - HeaderBytes);

    public override void Read(int offset, Span<byte> bytes) => _bytes.AsSpan(offset, bytes.Length).CopyTo(bytes);

    public override void SetDelivered(int offset) => Delivered = offset;

    public override void Delete()
    {
    }

    protected override void Dispose(bool disposing)
    {
    }

    protected override void Write(int offset, ReadOnlySpan<byte> bytes) => bytes.CopyTo(_bytes.AsSpan(offset));

    protected override void Commit(int offset, ReadOnlySpan<byte> record) => record[..sizeof(int)].CopyTo(_bytes.AsSpan(offset));
}
