namespace Qmtl.Messages;

/// <summary>Finds what somebody may have meant who typed a name that there is not.</summary>
internal static class NearestNames
{
    private const int MostOffered = 3;
    private const int ShortestPart = 3;

    /// <summary>The names nearest to what was typed, nearest first: at most three, and none that is nothing like it.</summary>
    /// <param name="typed">What was typed. Case does not count.</param>
    /// <param name="known">The names that there are.</param>
    public static IReadOnlyList<string> Of(string typed, IEnumerable<string> known)
    {
        ArgumentNullException.ThrowIfNull(typed);
        ArgumentNullException.ThrowIfNull(known);
        string wanted = typed.Trim().ToUpperInvariant();
        return
        [
            .. (from name in known.Distinct(StringComparer.Ordinal)
                let distance = Distance(wanted, name.ToUpperInvariant())
                where distance is not null
                orderby distance, name.Length
                select name).Take(MostOffered),
        ];
    }

    /// <summary>"Did you mean A, B or C?", or null where nothing is near.</summary>
    /// <inheritdoc cref="Of" path="/param"/>
    public static string? Ask(string typed, IEnumerable<string> known)
    {
        IReadOnlyList<string> near = Of(typed, known);
        return near.Count == 0 ? null : $"Did you mean {Listed(near, "or")}?";
    }

    /// <summary>"A, B and C".</summary>
    public static string Listed(IReadOnlyList<string> names, string and)
    {
        IReadOnlyList<string> shown = [.. names.Select(name => PlainText.OneLine(name, 60))];
        return shown.Count < 2 ? string.Concat(shown) : $"{string.Join(", ", shown.SkipLast(1))} {and} {shown[^1]}";
    }

    // How many characters have to be put in, taken out, changed or swapped with their neighbour; null where that is more than a third.
    // A name that holds what was typed, or begins it, is as near as its first slip.
    private static int? Distance(string typed, string name)
    {
        int most = Math.Max(1, Math.Max(typed.Length, name.Length) / 3);
        int edits = Math.Abs(typed.Length - name.Length) > most ? int.MaxValue : Edits(typed, name);
        bool isPart = Math.Min(typed.Length, name.Length) >= ShortestPart
            && (name.Contains(typed, StringComparison.Ordinal) || typed.Contains(name, StringComparison.Ordinal));
        return edits <= most ? edits : isPart ? most : null;
    }

    private static int Edits(string left, string right)
    {
        int[] beforeLast = [];
        int[] last = [.. Enumerable.Range(0, right.Length + 1)];
        for (int i = 1; i <= left.Length; i++)
        {
            int[] row = new int[right.Length + 1];
            row[0] = i;
            for (int j = 1; j <= right.Length; j++)
            {
                int change = left[i - 1] == right[j - 1] ? 0 : 1;
                row[j] = Math.Min(Math.Min(row[j - 1], last[j]) + 1, last[j - 1] + change);
                if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1])
                {
                    row[j] = Math.Min(row[j], beforeLast[j - 2] + 1);
                }
            }

            (beforeLast, last) = (last, row);
        }

        return last[^1];
    }
}
