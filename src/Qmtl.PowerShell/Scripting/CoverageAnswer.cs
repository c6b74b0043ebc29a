using System.Collections;
using System.Management.Automation;
using System.Runtime.CompilerServices;
using Qmtl.Fetching;
using Qmtl.Time;

namespace Qmtl.PowerShell.Scripting;

/// <summary>
/// Reads what a Coverage method of any origin returned: objects or hashtables with Start and End, tuples, or pairs of Unix seconds.
/// </summary>
internal static class CoverageAnswer
{
    /// <summary>The ranges.</summary>
    /// <param name="answer">What the method returned. Arrays are flat by now (PowerShell unrolls them anyway), so that pairs are two
    /// numbers in a row.</param>
    /// <param name="provider">The provider's name, for the error.</param>
    /// <exception cref="SourceException">A part of it is no range.</exception>
    public static List<TimeRange> Read(IReadOnlyList<object> answer, string provider)
    {
        var ranges = new List<TimeRange>();
        object? pendingStart = null;
        foreach (object item in answer)
        {
            object value = DuckTypedObject.Unwrap(item);
            if (value is string or ValueType and not ITuple)
            {
                if (pendingStart is null)
                {
                    pendingStart = value;
                    continue;
                }

                ranges.Add(ToRange(pendingStart, value, provider));
                pendingStart = null;
                continue;
            }

            ranges.Add(value switch
            {
                ITuple { Length: 2 } pair => ToRange(pair[0], pair[1], provider),
                IDictionary map => ToRange(map["Start"], map["End"], provider),
                _ => FromProperties(PSObject.AsPSObject(item), provider),
            });
        }

        return pendingStart is null
            ? ranges
            : throw Wrong(provider, $"an odd number of times, the last one '{pendingStart}' without an end");
    }

    private static TimeRange FromProperties(PSObject item, string provider) =>
        ToRange(item.Properties["Start"]?.Value, item.Properties["End"]?.Value, provider);

    private static TimeRange ToRange(object? start, object? end, string provider) =>
        TimestampValue.TryRead(Unwrap(start), out long first) && TimestampValue.TryRead(Unwrap(end), out long last) && first <= last
            ? new TimeRange(first, last)
            : throw Wrong(provider, $"'{start}' to '{end}', which is no range of times");

    private static object? Unwrap(object? value) => value is null ? null : DuckTypedObject.Unwrap(value);

    private static SourceException Wrong(string provider, string what) =>
        new($"The Coverage method of {provider} returned {what}. Return objects with Start and End, or pairs of Unix seconds.");
}
