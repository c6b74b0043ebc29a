using Qmtl.Data;

namespace Qmtl.Caching;

/// <summary>Values of one column that rows are copied from: a column of a frame, of a buffer, or a single value.</summary>
internal abstract class ColumnSource
{
    protected ColumnSource(string name) => Name = name;

    public string Name { get; private protected set; }

    public abstract Type ElementType { get; }

    /// <summary>The values of a frame's column, which are not copied.</summary>
    public static ColumnSource Of(BarColumn column)
    {
        ColumnSource source = column.Type switch
        {
            BarColumnType.Double => new ColumnSource<double>(column.Name),
            BarColumnType.Long => new ColumnSource<long>(column.Name),
            BarColumnType.Boolean => new ColumnSource<bool>(column.Name),
            _ => new ColumnSource<string?>(column.Name),
        };
        source.TryRebind(column);
        return source;
    }

    /// <summary>Reads from another column from now on, or returns false where its name or type is another.</summary>
    public abstract bool TryRebind(BarColumn column);

    /// <summary>Holds on to no values any more.</summary>
    public abstract void Release();

    /// <summary>Whether every row is null, so that the type of the column means nothing.</summary>
    public abstract bool IsAllNull();

    /// <summary>The same values as doubles, or null where they are not whole numbers or one of them would lose digits.</summary>
    public abstract ColumnSource<double>? TryWiden();

    /// <summary>A column of this name and type that rows of this can be copied into.</summary>
    public abstract BufferColumn CreateColumn(int capacity);
}
