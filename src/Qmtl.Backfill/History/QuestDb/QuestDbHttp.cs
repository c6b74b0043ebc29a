using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Qmtl.History.QuestDb.Ilp;
using Qmtl.History.Relational.PostgreSql;

namespace Qmtl.History.QuestDb;

/// <summary>QuestDB's HTTP server, as far as a store uses it: bulk writes, and the questions that come before the first.</summary>
internal sealed class QuestDbHttp : IDisposable
{
    private const int BinaryDoublesVersion = 2;

    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan WriteTimeout = TimeSpan.FromMinutes(5);

    private readonly ConcurrentBag<HttpClient> _outdated = [];
    private readonly Func<HttpClient> _open;
    private readonly string _displayName;
    private readonly ServerOutage _outage;
    private volatile HttpClient _client;
    private bool _binaryDoubles;

    /// <summary>A client of the server at <paramref name="address"/>; nothing is sent yet.</summary>
    /// <param name="address">The root of the server, for example <c>http://localhost:9000</c>.</param>
    /// <param name="user">Sent with the password as basic authentication, which a server without users ignores; null for none.</param>
    /// <param name="password">The password.</param>
    /// <param name="displayName">The store, for messages.</param>
    /// <param name="outage">How long the server has been away, over whichever port.</param>
    public QuestDbHttp(Uri address, string? user, string? password, string displayName, ServerOutage outage)
    {
        _displayName = displayName;
        _outage = outage;
        Address = address;

        _open = () => Open(address, user, password);
        _client = _open();
    }

    /// <summary>The root of the server.</summary>
    public Uri Address { get; }

    /// <summary>Whether the server at the address is a QuestDB; otherwise why it cannot be used, in a few words.</summary>
    public async Task<string?> FindProblemAsync(CancellationToken cancellationToken)
    {
        try
        {
            using CancellationTokenSource timeout = WithTimeout(ProbeTimeout, cancellationToken);

            // Another program may well be at the port: 9000 is popular.
            using HttpResponseMessage ping = await _client.GetAsync("ping", timeout.Token);
            if (!ping.Headers.TryGetValues("Server", out IEnumerable<string>? server)
                || !server.Any(name => name.Contains("questDB", StringComparison.OrdinalIgnoreCase)))
            {
                return "something else than QuestDB answers there";
            }

            _binaryDoubles = await ReadsBinaryDoublesAsync(timeout.Token);
            return null;
        }
        catch (Exception exception) when (
            exception is HttpRequestException or IOException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return exception is OperationCanceledException ? "it does not answer" : Describe(exception);
        }
    }

    /// <summary>The first value of a query's answer as text; null where there is none, or where the server refuses the query.</summary>
    public async Task<string?> QueryAsync(string sql, CancellationToken cancellationToken)
    {
        try
        {
            using CancellationTokenSource timeout = WithTimeout(ProbeTimeout, cancellationToken);
            using HttpResponseMessage response = await _client.GetAsync("exec?query=" + Uri.EscapeDataString(sql), timeout.Token);
            using JsonDocument answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync(timeout.Token));
            return response.IsSuccessStatusCode
                && answer.RootElement.TryGetProperty("dataset", out JsonElement rows)
                && rows.GetArrayLength() > 0
                ? rows[0][0].ToString()
                : null;
        }
        catch (Exception exception) when (
            exception is HttpRequestException or IOException or JsonException or OperationCanceledException
                && !cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>An encoder of the protocol's newest version that the server reads and this library writes.</summary>
    public IlpEncoder CreateEncoder(string tableName, Relational.TableSchema table, Data.StreamKey stream) =>
        new(tableName, table, stream, QuestDbNames.EscapeColumn, _binaryDoubles);

    /// <summary>Writes bars; when it returns, they are in the server's write-ahead log.</summary>
    /// <exception cref="StoreException">The server refused them, and then none is stored; or it did not answer, which tells
    /// nothing.</exception>
    public async Task WriteAsync(IlpContent bars, CancellationToken cancellationToken)
    {
        try
        {
            using CancellationTokenSource timeout = WithTimeout(WriteTimeout, cancellationToken);
            if (await RefusalAsync(_client, bars, timeout.Token) is { } refusal
                && (refusal.IsTransient || !await GoesAnewAsync(bars, timeout.Token)))
            {
                throw refusal;
            }
        }
        catch (Exception exception) when (
            exception is HttpRequestException or IOException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            string what = exception is OperationCanceledException ? "did not answer in time" : "broke the connection during a write";
            throw new StoreException($"{_displayName} {what} ({Address}: {Describe(exception).TrimEnd('.')}). Try again.", exception)
            {
                IsTransient = true,
                MayHaveKept =
                    exception is not HttpRequestException
                    {
                        HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError,
                    },
                RetryAfter = _outage.Note(),
            };
        }
    }

    public void Dispose()
    {
        _client.Dispose();
        foreach (HttpClient client in _outdated)
        {
            client.Dispose();
        }
    }

    private static HttpClient Open(Uri address, string? user, string? password)
    {
        // A database is asked directly, as over its other port, whatever proxy the environment names for the web.
        var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, ConnectTimeout = ProbeTimeout })
        {
            BaseAddress = new Uri(address.AbsoluteUri.EndsWith('/') ? address.AbsoluteUri : address.AbsoluteUri + "/"),
            Timeout = Timeout.InfiniteTimeSpan,
        };
        if (!string.IsNullOrEmpty(user))
        {
            string basic = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"));
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", basic);
        }

        return client;
    }

    private async Task<StoreException?> RefusalAsync(HttpClient client, IlpContent bars, CancellationToken cancellationToken)
    {
        using HttpResponseMessage response = await client.PostAsync("write?precision=s", bars, cancellationToken);
        return response.IsSuccessStatusCode
            ? null
            : Refused(response.StatusCode, await response.Content.ReadAsStringAsync(cancellationToken));
    }

    // The server keeps for each connection what a table was like when it first wrote there, and goes on refusing what a column whose
    // type was changed since could not keep before. A new connection finds the table as it is; where that helps, the old ones are left.
    private async Task<bool> GoesAnewAsync(IlpContent bars, CancellationToken cancellationToken)
    {
        HttpClient anew = _open();
        bool helps = false;
        try
        {
            helps = await RefusalAsync(anew, bars, cancellationToken) is null;
        }
        finally
        {
            if (helps)
            {
                // Others may be using the old ones; what is idle closes after a minute.
                _outdated.Add(Interlocked.Exchange(ref _client, anew));
            }
            else
            {
                anew.Dispose();
            }
        }

        return helps;
    }

    private static CancellationTokenSource WithTimeout(TimeSpan timeout, CancellationToken cancellationToken)
    {
        var source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        source.CancelAfter(timeout);
        return source;
    }

    // The outer message of a TLS connection that failed only points to the inner one.
    private static string Describe(Exception exception) =>
        exception is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError }
        ? $"no TLS connection can be made ({exception.GetBaseException().Message.TrimEnd('.')}); an address of a port without TLS begins "
            + $"with http"
        : exception.Message;

    private async Task<bool> ReadsBinaryDoublesAsync(CancellationToken cancellationToken)
    {
        using HttpResponseMessage response = await _client.GetAsync("settings", cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            return false;
        }

        try
        {
            using JsonDocument settings = JsonDocument.Parse(await response.Content.ReadAsStringAsync(cancellationToken));
            return settings.RootElement.TryGetProperty("config", out JsonElement config)
                && config.TryGetProperty("line.proto.support.versions", out JsonElement versions)
                && versions.EnumerateArray().Any(version => version.TryGetInt32(out int number) && number == BinaryDoublesVersion);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // An older server says it in another way or not at all; all read text.
            return false;
        }
    }

    private StoreException Refused(HttpStatusCode status, string answer) => status switch
    {
        HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => new StoreException(
            $"{_displayName} refused the user or the password for bulk writes ({Address}). Correct them, or have the HTTP server take "
                + $"those of the connection string."),
        _ => new StoreException(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{_displayName} refused bars ({Address}, HTTP {(int)status}: {Explain(answer)}). Nothing of this write was kept."))
        {
            IsTransient = (int)status >= 500 || status is HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout,
        },
    };

    // {"code":"invalid","message":"failed to parse line protocol:errors encountered on line(s):\nerror in line 1:
    // …","line":1,"errorId":"…"}
    private static string Explain(string answer)
    {
        const int Longest = 500;
        string text = answer;
        try
        {
            using JsonDocument json = JsonDocument.Parse(answer);
            text = json.RootElement.TryGetProperty("message", out JsonElement message) ? message.GetString() ?? answer : answer;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // Not QuestDB's form; shown as it is.
        }

        text = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).TrimEnd('.');
        return text.Length <= Longest ? text : text[..Longest] + "…";
    }
}
