using System.Globalization;
using System.Net.Http.Headers;

namespace Qmtl.Fetching.Http;

/// <summary>Reads the header <c>Retry-After</c>.</summary>
internal static class RetryAfterHeader
{
    /// <summary>How long the answer asks to be left alone, however long that is; null where it does not say, or not in a form that HTTP has.</summary>
    /// <param name="response">The answer.</param>
    /// <param name="now">When it came. A date in the header is compared with the server's own clock where it tells that.</param>
    public static TimeSpan? Read(HttpResponseMessage response, DateTimeOffset now)
    {
        if (!response.Headers.NonValidated.TryGetValues("Retry-After", out HeaderStringValues values))
        {
            return null;
        }

        // Read by hand because .NET's own reading drops numbers that do not fit into an int, and fractions, without a word.
        string text = values.First().Trim();
        return double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds) ? FromSeconds(seconds)
            : RetryConditionHeaderValue.TryParse(text, out RetryConditionHeaderValue? value) && value.Date is { } date ? Until(date, response.Headers.Date ?? now)
            : null;
    }

    /// <summary>The time from <paramref name="now"/> to <paramref name="end"/>; none where that has passed.</summary>
    public static TimeSpan Until(DateTimeOffset end, DateTimeOffset now) => end > now ? end - now : TimeSpan.Zero;

    private static TimeSpan FromSeconds(double seconds) => seconds < TimeSpan.MaxValue.TotalSeconds ? TimeSpan.FromSeconds(seconds) : TimeSpan.MaxValue;
}
