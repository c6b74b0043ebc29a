namespace Qmtl.History.Relational;

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
