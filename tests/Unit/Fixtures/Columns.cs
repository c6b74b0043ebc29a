using Qmtl.Data;

namespace Qmtl.Unit.Fixtures;

/// <summary>Payload columns of given values, in few words.</summary>
public static class Columns
{
    public static BarColumn Doubles(string name, params double[] values) => new BarColumn<double>(name, values);

    public static BarColumn Longs(string name, params long[] values) => new BarColumn<long>(name, values);

    public static BarColumn Flags(string name, params bool[] values) => new BarColumn<bool>(name, values);

    public static BarColumn Texts(string name, params string?[] values) => new BarColumn<string?>(name, values);
}
