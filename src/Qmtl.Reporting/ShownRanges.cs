using System.Text.Json;
using Qmtl.Time;

namespace Qmtl.Reporting;

/// <summary>
/// The ranges of a set as a page shows them: exactly, or, where there are more than the page has room for, with those that lie closest
/// together shown as one. How many bars and ranges one stands for stays exact.
/// </summary>
internal sealed class ShownRanges
{
    private readonly List<(TimeRange Range, long Bars, int Ranges)> _shown = [];

    public ShownRanges(TimeRangeSet set, int most)
    {
        (Count, BarCount) = (set.Count, set.BarCount);
        bool[] ends = Ends(set, most);
        for (int first = 0, i = 0; i < set.Count; i++)
        {
            if (ends[i])
            {
                long bars = 0;
                for (int piece = first; piece <= i; piece++)
                {
                    bars += set.Interval.CountBetween(set[piece].Start, set[piece].End);
                }

                _shown.Add((new TimeRange(set[first].Start, set[i].End), bars, i - first + 1));
                first = i + 1;
            }
        }
    }

    /// <summary>How many ranges there really are.</summary>
    public int Count { get; }

    /// <summary>How many bars there are in them.</summary>
    public long BarCount { get; }

    /// <summary>
    /// Writes three entries a range: seconds from the end of the one before, from its first open to its last, and the bars; of several
    /// shown as one, the bars and how many they are.
    /// </summary>
    public void WriteTo(Utf8JsonWriter json)
    {
        json.WriteStartArray();
        long before = 0;
        foreach ((TimeRange range, long bars, int ranges) in _shown)
        {
            json.WriteNumberValue(range.Start - before);
            json.WriteNumberValue(range.End - range.Start);
            if (ranges == 1)
            {
                json.WriteNumberValue(bars);
            }
            else
            {
                json.WriteStartArray();
                json.WriteNumberValue(bars);
                json.WriteNumberValue(ranges);
                json.WriteEndArray();
            }

            before = range.End;
        }

        json.WriteEndArray();
    }

    // Which ranges are the last of what is shown as one: those before the widest distances.
    private static bool[] Ends(TimeRangeSet set, int most)
    {
        bool[] ends = new bool[set.Count];
        if (set.Count <= most)
        {
            Array.Fill(ends, true);
            return ends;
        }

        long[] distances = new long[set.Count - 1];
        int[] order = new int[distances.Length];
        for (int i = 0; i < distances.Length; i++)
        {
            distances[i] = set[i].End - set[i + 1].Start;
            order[i] = i;
        }

        Array.Sort(distances, order);
        foreach (int i in order.AsSpan(0, most - 1))
        {
            ends[i] = true;
        }

        ends[^1] = true;
        return ends;
    }
}
