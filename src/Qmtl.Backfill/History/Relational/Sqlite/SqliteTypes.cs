namespace Qmtl.History.Relational.Sqlite;

/// <summary>SQLite's types: what a declared type means, by the rules of its "affinity" (sqlite.org/datatype3.html).</summary>
internal static class SqliteTypes
{
    /// <summary>The type to declare a column of bars with.</summary>
    public static string NameOf(StoredType type) => type switch
    {
        StoredType.Double => "REAL",
        StoredType.Int64 or StoredType.Int32 => "INTEGER",
        StoredType.Boolean => "BOOLEAN",
        StoredType.Text => "TEXT",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "The library makes no columns of this type."),
    };

    /// <summary>What a column keeps whose declared type is <paramref name="declared"/>, which any program may have written.</summary>
    public static StoredType Of(string declared)
    {
        bool Has(string word) => declared.Contains(word, StringComparison.OrdinalIgnoreCase);

        // The order is SQLite's own: the first word found decides.
        return Has("INT") ? StoredType.Int64
            : Has("CHAR") || Has("CLOB") || Has("TEXT") ? StoredType.Text
            : Has("REAL") || Has("FLOA") || Has("DOUB") ? StoredType.Double
            : Has("BOOL") ? StoredType.Boolean
            : Has("NUMERIC") || Has("DECIMAL") ? StoredType.Numeric
            : StoredType.Any;
    }
}
