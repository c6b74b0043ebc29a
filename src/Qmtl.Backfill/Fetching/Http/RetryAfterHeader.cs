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
            : RetryConditionHeaderValue.TryParse(text, out RetryConditionHeaderValue? value) && value.Date - (response.Headers.Date ?? now) is { } wait ? wait > TimeSpan.Zero ? wait : TimeSpan.Zero
            : null;
    }

    private static TimeSpan FromSeconds(double seconds) => seconds < TimeSpan.MaxValue.TotalSeconds ? TimeSpan.FromSeconds(seconds) : TimeSpan.MaxValue;
}
