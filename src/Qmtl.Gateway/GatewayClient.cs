using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Qmtl.Fetching.Http;
using Qmtl.Gateway.Activation;
using Qmtl.Gateway.Submission;
using Qmtl.Gateway.Wire;

namespace Qmtl.Gateway;

/// <summary>
/// Talks to one gateway over HTTP. Every answer that is not the one hoped for becomes a <see cref="GatewayException"/> of a
/// <see cref="GatewayErrorKind"/>. Nothing is asked again here.
/// </summary>
/// <remarks>
/// May be used from several threads. Have one client a gateway: after several network errors in a row its circuit opens, and
/// requests fail at once for a while. A user and password in the gateway's address are sent as basic authentication, and shown nowhere.
/// </remarks>
public sealed class GatewayClient
{
    private const string UndecidedDetail = "activation not found";

    private static readonly Lazy<HttpClient> Shared = new(CreateHttpClient);

    private readonly HttpClient _http;
    private readonly GatewayAddress _address;
    private readonly GatewayClientOptions _options;
    private readonly TimeProvider _clock;
    private readonly GatewayCircuit _circuit;

    /// <summary>A client.</summary>
    /// <param name="gateway">The gateway's address, for example <c>http://127.0.0.1:8000</c>; a path in it comes before all others.</param>
    /// <param name="httpClient">What requests go through; it stays the caller's. Where null, one like <see cref="CreateHttpClient"/> that
    /// all clients share.</param>
    /// <param name="options">How it behaves; null for the defaults.</param>
    /// <param name="timeProvider">The clock of time-outs and of the circuit; null for the system's.</param>
    /// <exception cref="ArgumentException">The address is no absolute http or https address without query, or an option is outside its
    /// limits.</exception>
    public GatewayClient(
        Uri gateway, HttpClient? httpClient = null, GatewayClientOptions? options = null, TimeProvider? timeProvider = null)
    {
        _address = new GatewayAddress(gateway);
        _options = options ?? new GatewayClientOptions();
        _options.Validate();
        _http = httpClient ?? Shared.Value;
        _clock = timeProvider ?? TimeProvider.System;
        _circuit = new GatewayCircuit(_options, _clock);
    }

    /// <summary>The gateway's address, without user and password.</summary>
    public Uri Gateway => _address.Plain;

    /// <summary>
    /// An HTTP client as gateways want it: it follows no redirect, which would turn a POST into a GET or take credentials elsewhere, and
    /// leaves time-outs to <see cref="GatewayClientOptions.RequestTimeout"/>.
    /// </summary>
    public static HttpClient CreateHttpClient() => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.All,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
        DefaultRequestHeaders = { { "User-Agent", "qmtl" } },
    };

    /// <summary>
    /// Submits a strategy to run in a world. One that the gateway has already (409) is no error: the run that is there goes on.
    /// </summary>
    /// <param name="submission">The strategy.</param>
    /// <param name="cancellationToken">Gives up; the gateway may have taken the strategy all the same.</param>
    /// <exception cref="GatewayException">It was not taken: invalid (422), or anything else; or what the gateway answered cannot be relied
    /// on.</exception>
    /// <exception cref="ArgumentException">Two nodes are the same to a gateway.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<SubmissionResult> SubmitAsync(StrategySubmission submission, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(submission);
        try
        {
            return await PostAsync(submission, SubmissionForm.Canonical, isDryRun: false, cancellationToken);
        }
        catch (GatewayException duplicate) when (duplicate.StrategyId is { } strategyId)
        {
            return await DescribeKnownAsync(submission, cancellationToken) with { StrategyId = strategyId, WasKnown = true };
        }
    }

    /// <summary>Asks what the gateway would make of a strategy. Nothing is registered.</summary>
    /// <param name="submission">The strategy.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What it would make of it; null where the gateway has no dry runs, as those of early September 2025.</returns>
    /// <exception cref="GatewayException">It would not take it, or did not answer.</exception>
    /// <exception cref="ArgumentException">Two nodes are the same to a gateway.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<SubmissionResult?> DryRunAsync(StrategySubmission submission, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(submission);
        try
        {
            return await PostAsync(submission, SubmissionForm.Canonical, isDryRun: true, cancellationToken);
        }
        catch (GatewayException error) when (error.Status == (int)HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    /// <summary>Asks whether a strategy may act.</summary>
    /// <param name="worldId">The world.</param>
    /// <param name="strategyId">The strategy, by the id that the gateway gave.</param>
    /// <param name="side">Long or short.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>
    /// The document; null where the world has not decided yet. Early gateways keep one document for a world, so it may be about the other
    /// side (<see cref="ActivationDocument.Covers"/>): that says nothing about the one that was asked for.
    /// </returns>
    /// <exception cref="GatewayException">The gateway did not say.</exception>
    /// <exception cref="ArgumentException">An id is blank, or the side is not one.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<ActivationDocument?> GetActivationAsync(
        string worldId, string strategyId, ActivationSide side, CancellationToken cancellationToken = default)
    {
        GatewayNames.RequireWorld(worldId);
        GatewayNames.RequireStrategy(strategyId);
        string name = side switch
        {
            ActivationSide.Long => "long",
            ActivationSide.Short => "short",
            _ => throw new ArgumentOutOfRangeException(nameof(side), side, "Ask for one side: Long or Short."),
        };
        try
        {
            return await AskAsync(
                new Question(
                    HttpMethod.Get,
                    $"worlds/{Uri.EscapeDataString(worldId)}/activation?strategy_id={Uri.EscapeDataString(strategyId)}&side={name}",
                    $"asked for the {name} activation of '{strategyId}' in '{worldId}'"),
                (document, answer) => ActivationDocument.Read(document.RequireObject(), side) with { IsStale = answer.IsStale },
                cancellationToken);
        }
        catch (GatewayException error) when (error is { Status: (int)HttpStatusCode.NotFound, Detail: UndecidedDetail })
        {
            return null;
        }
    }

    /// <summary>Asks for permission to follow the activation events of a strategy.</summary>
    /// <param name="worldId">The world.</param>
    /// <param name="strategyId">The strategy, by the id that the gateway gave.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="GatewayException">The gateway did not give it.</exception>
    /// <exception cref="ArgumentException">An id is blank.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task<ActivationSubscription> SubscribeAsync(string worldId, string strategyId, CancellationToken cancellationToken = default)
    {
        GatewayNames.RequireWorld(worldId);
        GatewayNames.RequireStrategy(strategyId);
        var body = new JsonObject { ["topics"] = new JsonArray("activation"), ["world_id"] = worldId, ["strategy_id"] = strategyId };
        return AskAsync(
            new Question(
                HttpMethod.Post,
                "events/subscribe",
                $"asked for the events of '{strategyId}' in '{worldId}'",
                JsonSerializer.SerializeToUtf8Bytes(body, PlainText)),
            (subscription, _) => ActivationSubscription.Read(subscription, _address.Stream),
            cancellationToken);
    }

    /// <summary>Connects a WebSocket, through the same HTTP client as all requests, so that its proxies and certificates count.</summary>
    internal async Task ConnectAsync(ClientWebSocket socket, Uri address, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(_options.RequestTimeout, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        await socket.ConnectAsync(address, _http, either.Token);
    }

    /// <summary>Name and address, for people.</summary>
    public override string ToString() => $"The gateway {_address}";

    private static JsonSerializerOptions PlainText { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private async Task<SubmissionResult> PostAsync(
        StrategySubmission submission, SubmissionForm form, bool isDryRun, CancellationToken cancellationToken)
    {
        var document = new StrategyDocument(submission, form);
        Question question = isDryRun
            ? new(HttpMethod.Post, "strategies/dry-run", $"asked what it would make of a strategy in '{submission.WorldId}'", document.Body)
            {
                Success = HttpStatusCode.OK,
            }
            : new(HttpMethod.Post, "strategies", $"asked to run a strategy in '{submission.WorldId}'", document.Body)
            {
                Success = HttpStatusCode.Accepted,
            };
        try
        {
            return await AskAsync(question, (result, _) => SubmissionResult.Read(result, document), cancellationToken);
        }
        catch (GatewayException error)
            when (
                form == SubmissionForm.Canonical
                    && error.ExpectedId is { } node
                    && document.OlderForm(node.Index, node.Expected) is { } older)
        {
            // Nothing has been registered: ids are checked before.
            return await PostAsync(submission, older, isDryRun, cancellationToken);
        }
    }

    // A gateway that has the strategy says no more than its id; a dry run of the same tells the rest, where there is one.
    private async Task<SubmissionResult> DescribeKnownAsync(StrategySubmission submission, CancellationToken cancellationToken)
    {
        SubmissionResult? known = null;
        try
        {
            known = await DryRunAsync(submission, cancellationToken);
        }
        catch (GatewayException)
        {
            // The run is there either way.
        }

        return known ?? new SubmissionResult { StrategyId = string.Empty, QueueMap = QueueMap.Empty };
    }

    private async Task<T> AskAsync<T>(Question question, Func<JsonElement, GatewayAnswer, T> read, CancellationToken cancellationToken)
    {
        string words = $"{this}, {question.Words}";
        using GatewayAnswer answer = await _circuit.AskAsync(words, token => SendAsync(question, words, token), cancellationToken);
        if (question.Success is { } wanted ? answer.Status != wanted : !answer.IsSuccess || answer.Status == HttpStatusCode.NoContent)
        {
            throw GatewayErrors.FromStatus(words, answer, submits: question.Success is not null, _address.Password);
        }

        if (answer.IsTooLong)
        {
            throw GatewayErrors.FromBody(
                words, answer, string.Create(CultureInfo.InvariantCulture, $"more than the {_options.LongestAnswer} bytes that are read"));
        }

        try
        {
            return GatewayJson.Read(answer.Body, document => read(document, answer));
        }
        catch (FormatException error)
        {
            throw GatewayErrors.FromBody(words, answer, error.Message, error);
        }
    }

    private async Task<GatewayAnswer> SendAsync(Question question, string words, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(_options.RequestTimeout, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        using HttpRequestMessage request = question.ToRequest(_address);
        Uri asked = request.RequestUri!;
        bool hasHead = false;
        try
        {
            using HttpResponseMessage response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            hasHead = true;

            // A client that follows redirects by itself changes the request's address.
            return response.RequestMessage?.RequestUri is { } answered && answered != asked
                ? throw new GatewayException(
                    GatewayErrorKind.Refused,
                    $"{words}, sent the request on to {StreamAddress.Display(answered)}, and the HTTP client followed. If that is the "
                        + $"gateway, give its address.")
                { Status = (int)response.StatusCode }
                : await GatewayAnswer.ReadAsync(response, _options.LongestAnswer, _clock.GetUtcNow(), either.Token);
        }
        catch (OperationCanceledException error)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new GatewayException(
                GatewayErrorKind.Unreachable,
                timeout.IsCancellationRequested
                    ? string.Create(
                        CultureInfo.InvariantCulture,
                        $"{words}, did not answer within {_options.RequestTimeout.TotalSeconds} s. Check that it runs, or give it more "
                            + $"time.")
                    : $"{words}, did not answer within the HTTP client's own time-out. Check that it runs, or give it more time.",
                error);
        }
        catch (Exception error) when (error is HttpRequestException or IOException or InvalidDataException)
        {
            (string what, bool isTransient) = HttpErrors.DescribeConnection(error, asked, hasHead, "gateway's address");
            string wayOut = isTransient ? " Check the address and that it runs." : string.Empty;
            throw new GatewayException(GatewayErrorKind.Unreachable, $"{words}, {what}{wayOut}", error);
        }
    }

    /// <summary>A request to come.</summary>
    private sealed record Question(HttpMethod Method, string Path, string Words, byte[]? Body = null)
    {
        /// <summary>The one status that means success; null where any 2xx does.</summary>
        public HttpStatusCode? Success { get; init; }

        public HttpRequestMessage ToRequest(GatewayAddress address)
        {
            var request = new HttpRequestMessage(Method, address.Resource(Path));
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
            request.Headers.Authorization = address.Authorization;
            request.Content = Body is null
                ? null
                : new ByteArrayContent(Body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
            return request;
        }
    }
}
