using Qmtl.Data;

namespace Qmtl.History.Relational;

/// <summary>A column of a table, as it is in the database.</summary>
/// <param name="Name">The name as the database spells it.</param>
/// <param name="Type">What it can keep.</param>
/// <param name="TypeName">The type in the database's own words, for messages and casts.</param>
internal sealed record StoredColumn(string Name, StoredType Type, string TypeName)
{
    /// <summary>
    /// How many digits after the point a decimal number keeps, where its database rounds what has more; null where it keeps all.
    /// </summary>
    public int? FractionDigits { get; init; }
}

/// <summary>What a database column can keep, as far as bars are concerned.</summary>
internal enum StoredType
{
    /// <summary>A 64-bit floating-point number.</summary>
    Double,

    /// <summary>A 64-bit whole number.</summary>
    Int64,

    /// <summary>True or false.</summary>
    Boolean,

    /// <summary>Text.</summary>
    Text,

    /// <summary>A 16-bit whole number; only in tables of others.</summary>
    Int16,

    /// <summary>A 32-bit whole number; only in tables of others.</summary>
    Int32,

    /// <summary>A 32-bit floating-point number; only in tables of others.</summary>
    Single,

    /// <summary>A decimal number; only in tables of others.</summary>
    Numeric,

    /// <summary>Whatever is put in (a SQLite column without a type); only in tables of others.</summary>
    Any,

    /// <summary>A type that is read as text and never written; only in tables of others.</summary>
    Other,
}

/// <summary>Which column types go with which types of databases.</summary>
internal static class StoredTypes
{
    /// <summary>The type in which a column of the database is read.</summary>
    public static BarColumnType ReadAs(this StoredType type) => type switch
    {
        StoredType.Double or StoredType.Single or StoredType.Numeric => BarColumnType.Double,
        StoredType.Int64 or StoredType.Int32 or StoredType.Int16 => BarColumnType.Long,
        StoredType.Boolean => BarColumnType.Boolean,
        _ => BarColumnType.String,
    };

    /// <summary>The type of the database's column that is made for one of that type.</summary>
    public static StoredType StoredAs(this BarColumnType type) => type switch
    {
        BarColumnType.Double => StoredType.Double,
        BarColumnType.Long => StoredType.Int64,
        BarColumnType.Boolean => StoredType.Boolean,
        _ => StoredType.Text,
    };
}
