using System.Globalization;
using System.Net.Http.Headers;
using Qmtl.Time;

namespace Qmtl.Fetching.Pacing;

/// <summary>Reads the header <c>Retry-After</c>, and says what it says.</summary>
internal static class RetryAfterHeader
{
    /// <summary>
    /// How long the answer asks to be left alone, however long that is; null where it does not say, or not in a form that HTTP has.
    /// </summary>
    /// <param name="response">The answer.</param>
    /// <param name="now">When it came. A date in the header is compared with the server's own clock where it tells that.</param>
    public static TimeSpan? Read(HttpResponseMessage response, DateTimeOffset now)
    {
        const string Name = "Retry-After";
        if (ReadNumber(response, Name) is { } seconds)
        {
            return seconds < TimeSpan.MaxValue.TotalSeconds ? TimeSpan.FromSeconds(seconds) : TimeSpan.MaxValue;
        }

        TimeSpan? wait = RetryConditionHeaderValue.TryParse(ReadText(response, Name), out RetryConditionHeaderValue? value)
            ? value.Date - (response.Headers.Date ?? now)
            : null;
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }

    /// <summary>
    /// The number in a header, which is not negative; null where there is no such header, or it holds none (so is <c>NaN</c>). .NET's own
    /// reading drops numbers that do not fit into an int, and fractions, without a word.
    /// </summary>
    public static double? ReadNumber(HttpResponseMessage response, string? name) =>
        double.TryParse(ReadText(response, name), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number)
        && double.IsFinite(number)
            ? number
            : null;

    /// <summary>How long and until when, as a sentence that follows another.</summary>
    public static string Describe(TimeSpan pause, DateTimeOffset now)
    {
        bool isInCalendar = pause < DateTimeOffset.MaxValue - now;
        string until = isInCalendar ? $", until {UnixTime.Format((now + pause).ToUnixTimeSeconds())}" : string.Empty;
        return string.Create(CultureInfo.InvariantCulture, $" It wants to be left alone for {Math.Ceiling(pause.TotalSeconds)} s{until}.");
    }

    private static string? ReadText(HttpResponseMessage response, string? name) =>
        name is not null && response.Headers.NonValidated.TryGetValues(name, out HeaderStringValues values) ? values.First().Trim() : null;
}
