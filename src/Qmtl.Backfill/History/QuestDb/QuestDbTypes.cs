using Qmtl.History.Relational;

namespace Qmtl.History.QuestDb;

/// <summary>QuestDB's types: how those of a table are read and written.</summary>
internal static class QuestDbTypes
{
    /// <summary>Microseconds since the epoch, as every table of this library has its timestamps.</summary>
    public const string Timestamp = "TIMESTAMP";

    /// <summary>Milliseconds since the epoch; only in tables of others.</summary>
    public const string Date = "DATE";

    /// <summary>Text, as every table of this library has it.</summary>
    public const string Text = "VARCHAR";

    private const string TimestampInNanoseconds = "TIMESTAMP_NS";

    /// <summary>The type to declare a column with.</summary>
    public static string NameOf(StoredType type) => type switch
    {
        StoredType.Double => "DOUBLE",
        StoredType.Int64 => "LONG",
        StoredType.Int32 => "INT",
        StoredType.Boolean => "BOOLEAN",
        StoredType.Text => Text,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "The library makes no columns of this type."),
    };

    /// <summary>What a payload column keeps, by its type in <c>table_columns()</c>.</summary>
    public static StoredType Of(string typeName) => typeName switch
    {
        "DOUBLE" => StoredType.Double,
        "FLOAT" => StoredType.Single,
        "LONG" => StoredType.Int64,
        "INT" => StoredType.Int32,
        "SHORT" => StoredType.Int16,
        "BOOLEAN" => StoredType.Boolean,
        Text or "STRING" or "SYMBOL" => StoredType.Text,
        _ when typeName.StartsWith("DECIMAL", StringComparison.Ordinal) => StoredType.Numeric,
        _ => StoredType.Other,
    };

    /// <summary>What the column of timestamps keeps: whole numbers also where it is of one of QuestDB's own types for instants.</summary>
    public static StoredType OfTimestamp(string typeName) =>
        typeName is Timestamp or TimestampInNanoseconds or Date ? StoredType.Int64 : Of(typeName);

    /// <summary>How many of the column's units are a second; an integer column counts seconds.</summary>
    public static long UnitsPerSecond(StoredColumn timestamp) => timestamp.TypeName switch
    {
        Timestamp => 1_000_000,
        TimestampInNanoseconds => 1_000_000_000,
        Date => 1_000,
        _ => 1,
    };

    /// <summary>Whether the type has no null, so that QuestDB would keep zero or false in its place.</summary>
    public static bool HasNoNull(StoredColumn column) => column.Type is StoredType.Boolean or StoredType.Int16;

    /// <summary>QuestDB's own null among values of the type: NaN, the smallest long. A BOOLEAN has none.</summary>
    public static T? NullOf<T>() =>
        typeof(T) == typeof(double) ? (T)(object)double.NaN : typeof(T) == typeof(long) ? (T)(object)long.MinValue : default;

    /// <summary>The column as it is read: one of the four types of a payload column.</summary>
    public static string ReadSql(StoredColumn column)
    {
        string name = ColumnSql(column);
        return column.Type switch
        {
            StoredType.Double or StoredType.Int64 or StoredType.Boolean or StoredType.Text => name,
            StoredType.Single or StoredType.Numeric => $"{name}::double",
            StoredType.Int32 or StoredType.Int16 => $"{name}::long",

            // These have no text; Npgsql could not read them either.
            _ when column.TypeName is "BINARY" || column.TypeName.EndsWith("[]", StringComparison.Ordinal) => "cast(null as varchar)",
            _ => $"{name}::varchar",
        };
    }

    /// <summary>The column as it is named in a statement.</summary>
    public static string ColumnSql(StoredColumn column) => SqlText.Quote(QuestDbNames.EscapeColumn(column.Name));
}
