using Qmtl.Data;

namespace Qmtl.Caching;

/// <summary>
/// A column of a series after what comes in has been matched to what is held; at least one of the two is there, and both have one type.
/// </summary>
/// <param name="Held">The held values, or null where all of them are to be null.</param>
/// <param name="Incoming">The values that come in, or null where all of them are null.</param>
internal readonly record struct ColumnPair(ColumnSource? Held, ColumnSource? Incoming)
{
    public BufferColumn CreateColumn(int capacity) => (Held ?? Incoming)!.CreateColumn(capacity);
}

/// <summary>Matches columns by name and type.</summary>
/// <remarks>
/// A column has the type of the first values that came. Whole numbers and doubles go together as doubles, if none of them loses
/// digits by it; nothing else does. A column in which every value is null has no type yet.
/// </remarks>
internal static class ColumnPairing
{
    /// <summary>The series' columns: those held, in their order, and then those that are new.</summary>
    /// <exception cref="InvalidOperationException">A column comes in with a type that does not go with the held one.</exception>
    public static ColumnPair[] Pair(StreamKey series, IReadOnlyList<ColumnSource> held, IReadOnlyList<ColumnSource> incoming)
    {
        var pairs = new List<ColumnPair>(Math.Max(held.Count, incoming.Count));
        foreach (ColumnSource column in held)
        {
            pairs.Add(new ColumnPair(column, null));
        }

        foreach (ColumnSource column in incoming)
        {
            int index = IndexOf(held, column.Name);
            if (index < 0)
            {
                pairs.Add(new ColumnPair(null, column));
            }
            else
            {
                pairs[index] = Pair(series, held[index], column);
            }
        }

        return [.. pairs];
    }

    private static ColumnPair Pair(StreamKey series, ColumnSource held, ColumnSource incoming)
    {
        if (held.ElementType == incoming.ElementType)
        {
            return new ColumnPair(held, incoming);
        }

        if (incoming.IsAllNull())
        {
            return new ColumnPair(held, null);
        }

        if (held.IsAllNull())
        {
            return new ColumnPair(null, incoming);
        }

        if (held.ElementType == typeof(double) && incoming.TryWiden() is { } widened)
        {
            return new ColumnPair(held, widened);
        }

        return incoming.ElementType == typeof(double) && held.TryWiden() is { } widenedHeld
            ? new ColumnPair(widenedHeld, incoming)
            : throw Conflict(series, held, incoming);
    }

    private static int IndexOf(IReadOnlyList<ColumnSource> columns, string name)
    {
        for (int i = 0; i < columns.Count; i++)
        {
            if (string.Equals(columns[i].Name, name, StringComparison.OrdinalIgnoreCase))
            {
                return i;
            }
        }

        return -1;
    }

    private static InvalidOperationException Conflict(StreamKey series, ColumnSource held, ColumnSource incoming) => new(
        $"Column '{held.Name}' of {series} holds {ColumnSource.Describe(held.ElementType)} and cannot take "
            + $"{ColumnSource.Describe(incoming.ElementType)}"
        + (IsNumber(held) && IsNumber(incoming) ? " without losing digits" : string.Empty)
        + ". Give each column one type, or give the other values a column of their own.");

    private static bool IsNumber(ColumnSource column) => column.ElementType == typeof(double) || column.ElementType == typeof(long);
}
