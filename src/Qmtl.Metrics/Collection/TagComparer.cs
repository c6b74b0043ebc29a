using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Qmtl.Metrics.Collection;

/// <summary>
/// Finds a series by the tags of a measurement, which an instrument always gives in one order; allocates nothing where their values are
/// text.
/// </summary>
internal sealed class TagComparer : IEqualityComparer<string[]>,
IAlternateEqualityComparer<ReadOnlySpan<KeyValuePair<string, object?>>, string[]>
{
    public static TagComparer Instance { get; } = new();

    public bool Equals(string[]? x, string[]? y) => x.AsSpan().SequenceEqual(y);

    public int GetHashCode([DisallowNull] string[] obj)
    {
        var hash = default(HashCode);
        foreach (string value in obj)
        {
            hash.Add(value);
        }

        return hash.ToHashCode();
    }

    public string[] Create(ReadOnlySpan<KeyValuePair<string, object?>> alternate)
    {
        string[] values = new string[alternate.Length];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = TextOf(alternate[i].Value);
        }

        return values;
    }

    public bool Equals(ReadOnlySpan<KeyValuePair<string, object?>> alternate, string[] other)
    {
        if (alternate.Length != other.Length)
        {
            return false;
        }

        for (int i = 0; i < other.Length; i++)
        {
            if (TextOf(alternate[i].Value) != other[i])
            {
                return false;
            }
        }

        return true;
    }

    public int GetHashCode(ReadOnlySpan<KeyValuePair<string, object?>> alternate)
    {
        var hash = default(HashCode);
        foreach (KeyValuePair<string, object?> tag in alternate)
        {
            hash.Add(TextOf(tag.Value));
        }

        return hash.ToHashCode();
    }

    private static string TextOf(object? value) => value as string ?? Convert.ToString(value, CultureInfo.InvariantCulture) ?? string.Empty;
}
