using System.Runtime.CompilerServices;
using Qmtl.Data;

namespace Qmtl.Caching;

/// <summary>
/// One column of a <see cref="BarBuffer"/>: an array of values and, once there is a null, an array of marks. Positions are those
/// in the arrays. A null stands as NaN among doubles, so that whoever computes with them notices.
/// </summary>
internal abstract class BufferColumn(string name)
{
    public string Name { get; } = name;

    public abstract Type ElementType { get; }

    /// <summary>Bytes of the arrays.</summary>
    public abstract long ResidentBytes { get; }

    /// <summary>Copies rows into this column; without a source they are null. The ranges may overlap in one array.</summary>
    public abstract void Copy(ColumnSource? source, int row, int position, int length);

    /// <summary>
    /// Lays runs of rows side by side so that the last ends before <paramref name="end"/>, the last first: rows of this very column may
    /// move up.
    /// </summary>
    public abstract void Copy(ReadOnlySpan<MergeRun> runs, ColumnSource? held, ColumnSource? incoming, int end);

    /// <summary>Copies one row into this column; without a source it is null.</summary>
    public abstract void CopyRow(ColumnSource? source, int row, int position);

    /// <summary>Moves values within the arrays.</summary>
    public abstract void Move(int from, int to, int length);

    /// <summary>
    /// Goes on in new arrays of <paramref name="capacity"/>, which begin with the given values; the old arrays stay as they are.
    /// </summary>
    public abstract void Relocate(int from, int length, int capacity);

    /// <summary>Lets go of objects.</summary>
    public abstract void Clear(int position, int length);

    /// <summary>The values, not copied: they are those of the arrays that the column has now.</summary>
    public abstract ColumnSource AsSource(int position, int length);

    /// <summary>The value as an object, or null.</summary>
    public abstract object? GetValue(int position);

    /// <summary>The values, copied, as a frame's column; objects as text.</summary>
    public abstract BarColumn ToBarColumn(int position, int length);
}

/// <summary>What an array takes in memory.</summary>
internal static class ArraySize
{
    // Object header, method table, length: on 64 bits.
    private const int Overhead = 24;

    /// <summary>Bytes of an array; what its references point to is not counted.</summary>
    public static long Of<T>(int length) => Overhead + (long)Unsafe.SizeOf<T>() * length;
}
