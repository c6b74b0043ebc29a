using System.Globalization;
using Qmtl.Messages;
using Qmtl.Time;

namespace Qmtl.Cluster.Silo;

/// <summary>A limit that a source counts by key, so that all members together have to keep to it.</summary>
/// <param name="Requests">The most requests in any window; at least 1.</param>
/// <param name="Window">How long the window is.</param>
public sealed record KeyLimit(int Requests, TimeSpan Window)
{
    /// <summary>Reads a limit as <c>1200/1m</c>.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static KeyLimit Parse(string text)
    {
        string[] parts = text.Split('/');
        if (parts.Length == 2
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int requests)
            && requests > 0
            && BarInterval.TryParse(parts[1], out BarInterval window)
            && window.IsFixed
            && window.Seconds <= 24 * 60 * 60)
        {
            return new KeyLimit(requests, TimeSpan.FromSeconds(window.Seconds));
        }

        throw new FormatException(
            $"'{PlainText.OneLine(text)}' is no limit. Write how many requests are allowed in how long, up to a day: 1200/1m, 10/1s.");
    }
}
