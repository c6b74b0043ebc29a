using System.Globalization;

namespace Qmtl.History.Relational.PostgreSql;

/// <summary>PostgreSQL's types: how those of a table are read and written.</summary>
internal static class PostgreSqlTypes
{
    /// <summary>The type to declare a column of bars with.</summary>
    public static string NameOf(StoredType type) => type switch
    {
        StoredType.Double => "double precision",
        StoredType.Int64 => "bigint",
        StoredType.Int32 => "integer",
        StoredType.Boolean => "boolean",
        StoredType.Text => "text",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "The library makes no columns of this type."),
    };

    /// <summary>What a column keeps, by the name of its type in <c>pg_type</c>.</summary>
    public static StoredType Of(string typeName) => typeName switch
    {
        "float8" => StoredType.Double,
        "float4" => StoredType.Single,
        "int8" => StoredType.Int64,
        "int4" => StoredType.Int32,
        "int2" => StoredType.Int16,
        "numeric" => StoredType.Numeric,
        "bool" => StoredType.Boolean,
        "text" or "varchar" or "bpchar" or "name" => StoredType.Text,
        _ => StoredType.Other,
    };

    /// <summary>The digits after the point that a type like <c>numeric(10,2)</c> keeps; null for one that has no such limit.</summary>
    public static int? FractionDigitsOf(string type) =>
        type.StartsWith("numeric(", StringComparison.Ordinal)
            ? int.Parse(type.AsSpan(type.IndexOf(',', StringComparison.Ordinal) + 1).TrimEnd(')'), CultureInfo.InvariantCulture)
            : null;

    /// <summary>The column as it is read: one of the four types of a payload column.</summary>
    public static string ReadSql(StoredColumn column)
    {
        string name = SqlText.Quote(column.Name);
        return column.Type switch
        {
            StoredType.Double or StoredType.Int64 or StoredType.Boolean => name,
            StoredType.Single or StoredType.Numeric => $"{name}::float8",
            StoredType.Int32 or StoredType.Int16 => $"{name}::int8",
            _ => $"{name}::text",
        };
    }

    /// <summary>Whether binary COPY can write the column as it is; a decimal number has to pass through a staging table.</summary>
    public static bool CanCopy(StoredColumn column) => column.Type is not StoredType.Numeric;
}
