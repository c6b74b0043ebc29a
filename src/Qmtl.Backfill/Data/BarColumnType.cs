namespace Qmtl.Data;

/// <summary>The types that a payload column can have; each may hold nulls.</summary>
public enum BarColumnType
{
    /// <summary>A 64-bit floating-point number (<see cref="double"/>).</summary>
    Double,

    /// <summary>A 64-bit whole number (<see cref="long"/>).</summary>
    Long,

    /// <summary>True or false (<see cref="bool"/>).</summary>
    Boolean,

    /// <summary>Text (<see cref="string"/>).</summary>
    String,
}
