using System.Globalization;
using System.Net;
using System.Text.Json;
using Qmtl.Data;
using Qmtl.Fetching.Pacing;
using Qmtl.Messages;

namespace Qmtl.Fetching.Http;

/// <summary>
/// An HTTP API that is asked for candles: paces the requests to its host, sends them, and gives back what was read of an answer.
/// Only a whole answer of status 200 from the host that was asked is one; all else is an error that says what happened.
/// </summary>
/// <remarks>All sources of a process share one connection pool and, by host, one <see cref="HostPacer"/>.</remarks>
internal sealed class HttpSource
{
    // A page of candles has some hundred kB at most; whatever has this much is no page.
    private const int LongestAnswer = 16 * 1024 * 1024;
    private const int LongestErrorPage = 64 * 1024;

    // Each request has its own time-out, which a test's clock can drive.
    private static readonly HttpClient Client = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        AutomaticDecompression = DecompressionMethods.All,
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
        DefaultRequestHeaders = { { "User-Agent", "qmtl" } },
    };

    private readonly HttpApi _api;
    private readonly HttpLimits _limits;
    private readonly TimeProvider _clock;
    private readonly HostPacer _pacer;

    /// <summary>A source.</summary>
    /// <param name="baseUri">Where the API is. A user and password in it are left out.</param>
    /// <param name="api">What is particular to it.</param>
    /// <param name="limits">How long and how much is asked.</param>
    /// <param name="clock">The clock of time-outs and pauses.</param>
    /// <param name="credential">The key and its secret that an operator gave; null for the environment's.</param>
    /// <exception cref="ArgumentException">The address is none of HTTP, or the API takes no credential.</exception>
    public HttpSource(Uri baseUri, HttpApi api, HttpLimits limits, TimeProvider clock, NetworkCredential? credential = null)
    {
        (_api, _limits, _clock) = (api, limits, clock);
        BaseUri = WithoutUser(baseUri, api.BaseUri);
        Secrets = new HttpSecrets(api, BaseUri, credential);
        _pacer = HostPacer.For(BaseUri, clock);
    }

    /// <summary>Where the API is, without a user.</summary>
    public Uri BaseUri { get; }

    /// <summary>What requests are sent with and nobody is shown.</summary>
    public HttpSecrets Secrets { get; }

    /// <summary>Asks once.</summary>
    /// <param name="stream">The stream that the candles are of.</param>
    /// <param name="symbol">The exchange's word for what the stream is of.</param>
    /// <param name="request">The request; it is disposed.</param>
    /// <param name="cost">What it costs, and the limits that it keeps to.</param>
    /// <param name="read">Reads the candles. A <see cref="JsonException"/> means that the body holds none.</param>
    /// <param name="onWait">Told how long the request is about to wait for the host's limits; null tells nobody.</param>
    /// <param name="cancellationToken">Ends waiting and asking.</param>
    /// <exception cref="SourceException">There is no answer that can be believed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<T> AskAsync<T>(
        StreamKey stream,
        string symbol,
        HttpRequestMessage request,
        RequestCost cost,
        Func<HttpAnswer, T> read,
        Action<TimeSpan>? onWait,
        CancellationToken cancellationToken)
    {
        using HttpRequestMessage sent = request;
        string asked = symbol == stream.NodeId ? string.Empty : $" ({PlainText.OneLine(symbol, 60)})";
        string question = $"{HttpErrors.HostOf(BaseUri)}, asked for {PlainText.OneLine(stream.ToString())}{asked}";
        using HostPacer.Turn turn = await _pacer.WaitAsync(cost, _limits.LongestPause, onWait, cancellationToken);
        using var timeout = new CancellationTokenSource(_limits.RequestTimeout, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        bool hasHead = false;
        try
        {
            using HttpResponseMessage response = await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            hasHead = true;
            turn.Answered(response);
            if ((int)response.StatusCode is >= 300 and < 400)
            {
                throw HttpErrors.FromRedirect(question, response, request.RequestUri!);
            }

            using HttpAnswer answer = await ReadAsync(response, turn.Reset, either.Token);
            return Judge(question, symbol, answer, read);
        }
        catch (OperationCanceledException error)
        {
            cancellationToken.ThrowIfCancellationRequested();
            string limit = _limits.RequestTimeout.TotalSeconds.ToString(CultureInfo.InvariantCulture);
            throw new SourceException($"{question}, did not answer within {limit} s.", error) { IsTransient = true };
        }
        catch (Exception error) when (error is HttpRequestException or IOException or InvalidDataException)
        {
            throw HttpErrors.FromConnection(question, error, BaseUri, hasHead);
        }
    }

    private static Uri WithoutUser(Uri uri, Uri example)
    {
        if (!uri.IsAbsoluteUri || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps))
        {
            throw new ArgumentException(
                $"BaseUri must be an absolute http or https address, for example {example}.", nameof(uri));
        }

        string address = uri.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);
        return new Uri(address.EndsWith('/') ? address : address + '/');
    }

    private async Task<HttpAnswer> ReadAsync(HttpResponseMessage response, TimeSpan? reset, CancellationToken cancellationToken)
    {
        RefusalMeaning? meaning = HttpErrors.MeaningOf((int)response.StatusCode);
        TimeSpan? retryAfter = RetryAfterHeader.Read(response, _clock.GetUtcNow());
        try
        {
            if (retryAfter is not null)
            {
                Hold(meaning, retryAfter, reset);
            }

            int longest = response.StatusCode == HttpStatusCode.OK ? LongestAnswer : LongestErrorPage;
            return await HttpAnswer.ReadAsync(response, retryAfter, reset, longest, cancellationToken);
        }
        catch
        {
            // A no whose words do not come is a no.
            Hold(meaning, retryAfter, reset);
            throw;
        }
    }

    private T Judge<T>(string question, string symbol, HttpAnswer answer, Func<HttpAnswer, T> read)
    {
        if (answer.Status == (int)HttpStatusCode.OK && answer.IsTooLong)
        {
            Secrets.Cover(answer);
            throw HttpErrors.FromTooLong(question, answer, LongestAnswer);
        }

        try
        {
            // What the API says itself is looked at before the status is believed, for some say no with a 200.
            HttpRefusal? refusal = _api.ReadRefusal(answer, symbol);
            RefusalMeaning? meaning = refusal?.Meaning ?? HttpErrors.MeaningOf(answer.Status);
            if (refusal is not null || meaning is not null)
            {
                Secrets.Cover(answer);
                throw Refused(question, answer, meaning ?? RefusalMeaning.BadRequest, Covered(refusal, answer, symbol));
            }

            if (answer.Status == (int)HttpStatusCode.OK)
            {
                return read(answer);
            }

            Secrets.Cover(answer);
            throw HttpErrors.FromPartial(question, answer);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // The latter is what a reader of JSON says to text that is none in UTF-8.
            Secrets.Cover(answer);
            throw HttpErrors.FromBody(question, answer, error);
        }
    }

    // The words are read again without the secrets: where they are cut short, half a secret could be left that is no longer found.
    private HttpRefusal? Covered(HttpRefusal? refusal, HttpAnswer answer, string symbol) => refusal is null ? null : refusal with
    {
        Said = Secrets.Cover(_api.ReadRefusal(answer, symbol)?.Said ?? refusal.Said),
    };

    private SourceException Refused(string question, HttpAnswer answer, RefusalMeaning meaning, HttpRefusal? refusal)
    {
        // The end of a ban is told by the exchange's clock, and so compared with that. Where head and words differ, the longer holds.
        DateTimeOffset now = _clock.GetUtcNow();
        TimeSpan? inWords = refusal?.Until - (answer.ServerTime ?? now);
        inWords = inWords > TimeSpan.Zero ? inWords : null;
        TimeSpan? pause = Hold(meaning, inWords > answer.RetryAfter ? inWords : answer.RetryAfter ?? inWords, answer.Reset);
        string? wayOut = refusal?.WayOut ?? _api.WaysOut.GetValueOrDefault(meaning);
        return new SourceException(HttpErrors.Describe(question, answer, meaning, refusal, BaseUri, wayOut) + Describe(pause, now))
        {
            IsTransient = HttpErrors.IsTransient(meaning),
            RetryAfter = pause,
            StatusCode = answer.Status,
        };
    }

    // Holds every request to the host back where this one was told to go away. A 429 that does not say for how long means until the
    // host's window ends, or 10 seconds, and a 418 the shortest ban, 2 minutes.
    private TimeSpan? Hold(RefusalMeaning? meaning, TimeSpan? asked, TimeSpan? reset)
    {
        TimeSpan? pause = meaning switch
        {
            RefusalMeaning.RateLimited => asked ?? reset ?? TimeSpan.FromSeconds(10),
            RefusalMeaning.Banned => asked ?? TimeSpan.FromMinutes(2),
            RefusalMeaning.Failing or RefusalMeaning.Maintenance => asked,
            _ => null,
        };
        if (pause is { } duration)
        {
            _pacer.Pause(duration);
        }

        return pause;
    }

    private string Describe(TimeSpan? pause, DateTimeOffset now) => pause is not { } asked ? string.Empty
        : asked <= _limits.LongestPause ? RetryAfterHeader.Describe(asked, now)
        : RetryAfterHeader.Describe(asked, now) + " That is longer than one waits here; run again after it.";
}
