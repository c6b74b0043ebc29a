namespace Qmtl.Recording.Spooling;

/// <summary>A segment in memory, for as long as there is no room on disk.</summary>
/// <param name="savePath">Where it goes at the end. The name is its own from the start, so that it sorts before those of segments that come later.</param>
/// <param name="capacity">The bytes that it takes.</param>
internal sealed class MemorySegment(string savePath, int capacity) : Segment(capacity)
{
    private readonly byte[] _bytes = new byte[capacity];

    public override bool IsOnDisk => IsSaved;

    /// <summary>The file that a copy of it goes to, for the next process.</summary>
    public string SavePath => savePath;

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
