using Qmtl.Data;

namespace Qmtl.Caching;

/// <summary>Values of one column that rows are copied from: a column of a frame, of a buffer, or a single value.</summary>
internal abstract class ColumnSource
{
    protected ColumnSource(string name) => Name = name;

    public string Name { get; private protected set; }

    public abstract Type ElementType { get; }

    /// <summary>A type that a series' column can hold, in words: <c>numbers (double)</c>.</summary>
    public static string Describe(Type type) => $"{ColumnType.Of(type)?.Words.Many ?? "objects"} ({Keyword(type)})";

    /// <summary>The type as C# writes it.</summary>
    public static string Keyword(Type type) => ColumnType.Of(type)?.Keyword ?? "object";

    /// <summary>The values of a frame's column, which are not copied.</summary>
    public static ColumnSource Of(BarColumn column)
    {
        ColumnSource source = ColumnType.Of(column.Type).Accept(new Maker(column.Name));
        source.TryRebind(column);
        return source;
    }

    /// <summary>One value: in a column of its type where a frame's column can have that, otherwise as the object it is.</summary>
    public static ColumnSource Of(string name, object value) =>
        ColumnType.Of(value.GetType())?.Accept(new OneValue(name, value)) ?? new ColumnSource<object?>(name, [value], 0, 1, null);

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

    private sealed class Maker(string name) : IColumnTypeVisitor<ColumnSource>
    {
        public ColumnSource Visit<T>(ColumnType<T> type) => new ColumnSource<T>(name);
    }

    private sealed class OneValue(string name, object value) : IColumnTypeVisitor<ColumnSource>
    {
        public ColumnSource Visit<T>(ColumnType<T> type) => new ColumnSource<T>(name, [(T)value], 0, 1, null);
    }
}
