using System.Net.Sockets;
using System.Text;
using Qmtl.Gateway;
using Qmtl.Gateway.Activation;
using Qmtl.Gateway.Submission;
using Qmtl.Simulation.Gateway;
using Qmtl.Unit.Fetching.Http;

namespace Qmtl.Unit.Gateway;

public sealed class GatewayClientFaultTests : GatewayTestBase
{
    protected override GatewayClientOptions? Options => new() { LongestAnswer = 100_000 };

    [Fact]
    public async Task A_duplicate_that_is_not_named_is_an_error()
    {
        Gateway.Faults[GatewayRoute.Strategies].Enqueue(GatewayFault.Status(409, """{"detail":{"code":"E_DUPLICATE"}}"""));

        GatewayException error = await FailAsync(SubmitAsync);

        Assert.Equal((GatewayErrorKind.DuplicateStrategy, 409, false), (error.Kind, error.Status, error.IsTransient));
        Assert.Contains("asked to run a strategy in 'world-1', answered 409 ({\"code\":\"E_DUPLICATE\"}). The strategy has been submitted before.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_gateway_that_answers_nobody_says_for_how_long_on_every_route()
    {
        Gateway.Level = GatewayLevel.Static;

        foreach (Func<Task> ask in (Func<Task>[])[SubmitAsync, GetAsync, SubscribeAsync, () => Client.DryRunAsync(new StrategySubmission(World, Nodes))])
        {
            GatewayException error = await FailAsync(ask);
            Assert.Equal((204, true, TimeSpan.FromSeconds(30)), (error.Status, error.IsTransient, error.RetryAfter));
            Assert.EndsWith("(STATIC) and answers nobody just now. Try again in 30 s.", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_gateway_that_takes_no_strategies_just_now_says_so()
    {
        Gateway.Level = GatewayLevel.Minimal;

        GatewayException error = await FailAsync(SubmitAsync);

        Assert.Equal((GatewayErrorKind.Refused, 503, true), (error.Kind, error.Status, error.IsTransient));
        Assert.Contains("(MINIMAL)", error.Message, StringComparison.Ordinal);
        Assert.Null(await Client.GetActivationAsync(World, "s", ActivationSide.Long));
    }

    [Fact]
    public async Task An_id_that_no_known_form_explains_is_told_and_nothing_is_sent_again()
    {
        Gateway.Faults[GatewayRoute.Strategies].Enqueue(GatewayFault.Status(400, """{"detail":{"node_id_mismatch":[{"index":0,"node_id":"a","expected":"b"}]}}"""));

        GatewayException error = await FailAsync(SubmitAsync);

        Assert.Equal((GatewayErrorKind.Refused, 400), (error.Kind, error.Status));
        Assert.Single(Gateway.GetRequests(GatewayRoute.Strategies));
    }

    [Fact]
    public async Task Only_a_submission_can_be_a_duplicate()
    {
        Gateway.Faults[GatewayRoute.Activation].Enqueue(GatewayFault.Status(409));

        Assert.Equal(GatewayErrorKind.Refused, (await FailAsync(GetAsync)).Kind);
    }

    [Fact]
    public async Task An_invalid_payload_is_told_in_the_gateway_s_own_words_shortened_and_in_one_line()
    {
        Gateway.Faults[GatewayRoute.Strategies].Enqueue(GatewayFault.Status(422, $$"""{"detail":"no\n\u001b[31m {{new string('x', 5000)}}"}"""));

        GatewayException error = await FailAsync(SubmitAsync);

        Assert.Equal((GatewayErrorKind.InvalidPayload, 422, false), (error.Kind, error.Status, error.IsTransient));
        Assert.Contains(@"answered 422 (no \u001b[31m xxx", error.Message, StringComparison.Ordinal);
        Assert.InRange(error.Message.Length, 300, 500);
    }

    [Theory]
    [InlineData("""{"detail":[{"loc":["body","dag_json"],"msg":"bad"}]}""", """([{"loc":["body","dag_json"],"msg":"bad"}])""")]
    [InlineData("""{"error":"e"}""", """({"error":"e"})""")]
    [InlineData("plain words", "(plain words)")]
    [InlineData("", "answered 422. ")]
    public async Task Details_of_any_form_are_shown(string body, string shown)
    {
        Gateway.Faults[GatewayRoute.Strategies].Enqueue(GatewayFault.Status(422, body));

        Assert.Contains(shown, (await FailAsync(SubmitAsync)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(500, GatewayErrorKind.Refused, true)]
    [InlineData(503, GatewayErrorKind.Refused, true)]
    [InlineData(429, GatewayErrorKind.Refused, true)]
    [InlineData(408, GatewayErrorKind.Refused, true)]
    [InlineData(400, GatewayErrorKind.Refused, false)]
    [InlineData(404, GatewayErrorKind.Refused, false)]
    [InlineData(401, GatewayErrorKind.Unauthorized, false)]
    [InlineData(403, GatewayErrorKind.Unauthorized, false)]
    [InlineData(422, GatewayErrorKind.InvalidPayload, false)]
    public async Task Every_other_status_is_an_error_on_every_route(int status, GatewayErrorKind kind, bool transient)
    {
        foreach ((GatewayRoute route, Func<Task> ask) in new (GatewayRoute, Func<Task>)[] { (GatewayRoute.Strategies, SubmitAsync), (GatewayRoute.Activation, GetAsync), (GatewayRoute.Subscribe, SubscribeAsync) })
        {
            Gateway.Faults[route].Enqueue(GatewayFault.Status(status));

            GatewayException error = await FailAsync(ask);

            Assert.Equal((kind, status, transient), (error.Kind, error.Status, error.IsTransient));
            Assert.Contains($"answered {status} (simulated). ", error.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(200)]
    [InlineData(201)]
    public async Task A_submission_is_taken_with_202_and_nothing_else(int status)
    {
        Gateway.Faults[GatewayRoute.Strategies].Enqueue(GatewayFault.Status(status, """{"strategy_id":"s","queue_map":{}}"""));

        GatewayException error = await FailAsync(SubmitAsync);

        Assert.Equal((GatewayErrorKind.Refused, status), (error.Kind, error.Status));
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task A_redirect_is_not_followed_and_shows_no_more_than_the_server(int status)
    {
        Gateway.Faults[GatewayRoute.Strategies].Enqueue(GatewayFault.Redirect(status, "https://user:secret@elsewhere/secret?token=secret"));

        GatewayException error = await FailAsync(SubmitAsync);

        Assert.Equal((GatewayErrorKind.Refused, status), (error.Kind, error.Status));
        Assert.Contains("It sends to https://elsewhere:443", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_redirect_that_the_caller_s_own_client_follows_is_an_error_too()
    {
        using var following = new HttpClient();
        var client = new GatewayClient(Gateway.BaseUri, following, timeProvider: Clock);
        Gateway.Faults[GatewayRoute.Activation].Enqueue(GatewayFault.Redirect(307, new Uri(Gateway.BaseUri, "worlds/other/activation?strategy_id=s&side=long&token=secret").AbsoluteUri));

        GatewayException error = await FailAsync(() => client.GetActivationAsync(World, "s", ActivationSide.Long));

        Assert.Equal(GatewayErrorKind.Refused, error.Kind);
        Assert.Contains("sent the request on", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_slow_gateway_is_given_up_after_the_time_out()
    {
        Gateway.Faults[GatewayRoute.Strategies].Enqueue(GatewayFault.Stall);
        Task submit = SubmitAsync();
        await Gateway.WaitForRequestsAsync(GatewayRoute.Strategies, 1);

        Clock.Advance(TimeSpan.FromSeconds(9));
        Assert.False(submit.IsCompleted);
        Clock.Advance(TimeSpan.FromSeconds(1));

        GatewayException error = await FailAsync(() => submit);
        Assert.Equal((GatewayErrorKind.Unreachable, null, true), (error.Kind, error.Status, error.IsTransient));
        Assert.Contains("did not answer within 10 s", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_time_out_of_the_caller_s_own_client_counts_as_well()
    {
        using var impatient = new HttpClient { Timeout = TimeSpan.FromMilliseconds(50) };
        var client = new GatewayClient(Gateway.BaseUri, impatient, timeProvider: Clock);
        Gateway.Faults[GatewayRoute.Subscribe].Enqueue(GatewayFault.Stall);

        GatewayException error = await FailAsync(() => client.SubscribeAsync(World, "s"));

        Assert.Equal(GatewayErrorKind.Unreachable, error.Kind);
        Assert.Contains("the HTTP client's own time-out", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelling_is_no_error_of_the_gateway()
    {
        using var cancellation = new CancellationTokenSource();
        Gateway.Faults[GatewayRoute.Strategies].Enqueue(GatewayFault.Stall);
        Task submit = Client.SubmitAsync(new StrategySubmission(World, Nodes), cancellation.Token);
        await Gateway.WaitForRequestsAsync(GatewayRoute.Strategies, 1);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => submit);
    }

    public static TheoryData<GatewayFault> BrokenConnections => [GatewayFault.ConnectionReset, GatewayFault.HalfBody];

    [Theory]
    [MemberData(nameof(BrokenConnections))]
    public async Task A_connection_that_breaks_makes_the_gateway_unreachable(GatewayFault fault)
    {
        Gateway.Faults[GatewayRoute.Strategies].Enqueue(fault);

        GatewayException error = await FailAsync(SubmitAsync);

        Assert.Equal((GatewayErrorKind.Unreachable, null, true), (error.Kind, error.Status, error.IsTransient));
        Assert.Contains("broke off", error.Message, StringComparison.Ordinal);
        Assert.EndsWith("Check the address and that it runs.", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https", "HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak TLS at this port", "Write http in the gateway's address")]
    [InlineData("http", "\u0015\u0003\u0003\0\u0002\u0002F\r\n", "speaks TLS at this port", "Write https in the gateway's address")]
    public async Task A_gateway_that_is_asked_with_the_wrong_scheme_is_told_in_words(string scheme, string answer, string problem, string wayOut)
    {
        await using var server = new RawServer(Encoding.Latin1.GetBytes(answer));
        var client = new GatewayClient(new Uri($"{scheme}://127.0.0.1:{server.Port}"));

        GatewayException error = await Assert.ThrowsAsync<GatewayException>(() => client.SubmitAsync(new StrategySubmission(World, Nodes)));

        Assert.Equal(GatewayErrorKind.Unreachable, error.Kind);
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
        Assert.Contains(wayOut, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_submission_is_not_sent_again_where_the_connection_breaks()
    {
        await GetAsync();
        Gateway.Faults[GatewayRoute.Strategies].Enqueue(GatewayFault.ConnectionReset);

        await FailAsync(SubmitAsync);

        Assert.Single(Gateway.GetRequests(GatewayRoute.Strategies));
    }

    [Fact]
    public async Task A_closed_port_makes_the_gateway_unreachable()
    {
        await Gateway.DisposeAsync();

        GatewayException error = await FailAsync(SubmitAsync);

        Assert.Equal(GatewayErrorKind.Unreachable, error.Kind);
        Assert.Equal(SocketError.ConnectionRefused, Assert.IsType<SocketException>(error.InnerException!.InnerException).SocketErrorCode);
    }

    [Theory]
    [InlineData("", "no JSON")]
    [InlineData("{\"strategy_id\":", "no JSON (broken at line 1, byte ")]
    [InlineData("[]", "a list instead of an object")]
    [InlineData("null", "null instead of an object")]
    [InlineData("{\"queue_map\":{}}", "no 'strategy_id'")]
    [InlineData("{\"strategy_id\":\"\",\"queue_map\":{}}", "no 'strategy_id'")]
    [InlineData("{\"strategy_id\":1,\"queue_map\":{}}", "a number as 'strategy_id' where a text belongs")]
    [InlineData("{\"strategy_id\":\"\\ud800\",\"queue_map\":{}}", "a text that is no Unicode")]
    [InlineData("{\"strategy_id\":\"s\"}", "no 'queue_map'")]
    [InlineData("{\"strategy_id\":\"s\",\"queue_map\":[]}", "a list as 'queue_map' where an object belongs")]
    [InlineData("{\"strategy_id\":\"s\",\"queue_map\":{},\"safe_mode\":\"yes\"}", "a text as 'safe_mode' where true or false belongs")]
    [InlineData("{\"strategy_id\":\"s\",\"queue_map\":{},\"node_ids_crc32\":1}", "another 'node_ids_crc32' than the ")]
    public async Task An_answer_that_is_none_is_told_by_what_is_wrong_with_it(string body, string problem)
    {
        Gateway.Faults[GatewayRoute.Strategies].Enqueue(GatewayFault.Status(202, body));

        GatewayException error = await FailAsync(SubmitAsync);

        Assert.Equal((GatewayErrorKind.BadAnswer, 202, false), (error.Kind, error.Status, error.IsTransient));
        Assert.Contains($"answered 202 with {problem}", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"active":true,"weight":50}""", "a 'weight' of 50, which is not from 0 to 1")]
    [InlineData("""{"side":"long"}""", "no 'active'")]
    [InlineData("[1]", "a list instead of an object")]
    public async Task An_activation_that_is_none_is_told_by_what_is_wrong_with_it(string body, string problem)
    {
        Gateway.Faults[GatewayRoute.Activation].Enqueue(GatewayFault.Status(200, body));

        GatewayException error = await FailAsync(GetAsync);

        Assert.Equal(GatewayErrorKind.BadAnswer, error.Kind);
        Assert.Contains($"asked for the long activation of 's' in 'world-1', answered 200 with {problem}", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"token":"secret"}""", "no 'stream_url'")]
    [InlineData("""{"token":"secret","stream_url":"secret"}""", "a 'stream_url' that is no absolute ws")]
    [InlineData("""{"stream_url":"ws://host"}""", "no 'token'")]
    [InlineData("""{"stream_url":"ws://host","token":"secret\nX: y"}""", "a 'token' with characters that no header may hold")]
    [InlineData("""{"stream_url":"ws://host","token":"secret","expires_at":"secret"}""", "a 'expires_at' that is no time")]
    [InlineData("""{"stream_url":"ws://host","token":"secret","topics":"secret"}""", "'topics'")]
    [InlineData("""{"stream_url":"ws://host","token":"secret","fallback_url":"secret"}""", "'fallback_url'")]
    [InlineData("""{"stream_url":"ws://host","token":"secret",secret""", "no JSON")]
    public async Task A_subscription_that_is_none_is_told_without_its_token(string body, string problem)
    {
        Gateway.Faults[GatewayRoute.Subscribe].Enqueue(GatewayFault.Status(200, body));

        GatewayException error = await FailAsync(SubscribeAsync);

        Assert.Equal(GatewayErrorKind.BadAnswer, error.Kind);
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_web_page_is_told_as_one()
    {
        Gateway.Faults[GatewayRoute.Strategies].Enqueue(GatewayFault.Html(202));
        Gateway.Faults[GatewayRoute.Strategies].Enqueue(GatewayFault.Html(502));

        Assert.Contains("(text/html, 48 bytes)", (await FailAsync(SubmitAsync)).Message, StringComparison.Ordinal);
        Assert.Contains("answered 502 (a web page)", (await FailAsync(SubmitAsync)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(100_000, "no JSON")]
    [InlineData(100_001, "more than the 100000 bytes that are read")]
    [InlineData(50_000_000, "more than the 100000 bytes that are read")]
    public async Task A_huge_body_is_not_read_to_its_end(int length, string problem)
    {
        Gateway.Faults[GatewayRoute.Strategies].Enqueue(GatewayFault.LongBody(length));

        GatewayException error = await FailAsync(SubmitAsync);

        Assert.Equal(GatewayErrorKind.BadAnswer, error.Kind);
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
    }

    private Task SubmitAsync() => Client.SubmitAsync(new StrategySubmission(World, Nodes));

    private Task GetAsync() => Client.GetActivationAsync(World, "s", ActivationSide.Long);

    private Task SubscribeAsync() => Client.SubscribeAsync(World, "s");
}
