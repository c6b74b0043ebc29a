using System.Diagnostics;
using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Metrics.Serving;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;
using Qmtl.Unit.Telemetry;

namespace Qmtl.Unit.Metrics;

public sealed class MetricsServerTests : IAsyncLifetime
{
    private static readonly MetricsServerOptions AnyPort = new() { Port = 0 };

    private readonly MeasuredMeter _meter = new(limit: 10_000);
    private readonly HttpClient _client = new(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.None });
    private MetricsServer _server = null!;

    public Task InitializeAsync()
    {
        _server = MetricsServer.Start(_meter.Collector, AnyPort);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        _client.Dispose();
        _meter.Dispose();
    }

    [Fact]
    public async Task Metrics_are_served_in_the_prometheus_text_format()
    {
        using HttpResponseMessage response = await _client.GetAsync(_server.Uri);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.Contains("\nbackfill_jobs_in_progress 0\n", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task OpenMetrics_is_served_to_who_asks_for_it()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, _server.Uri);
        request.Headers.TryAddWithoutValidation("Accept", "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1");
        using HttpResponseMessage response = await _client.SendAsync(request);

        Assert.Equal("application/openmetrics-text; version=1.0.0; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.EndsWith("\n# EOF\n", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_is_compressed_for_who_takes_it()
    {
        AddStreams(500);
        string plain = await _client.GetStringAsync(_server.Uri);
        using var request = new HttpRequestMessage(HttpMethod.Get, _server.Uri);
        request.Headers.AcceptEncoding.ParseAdd("gzip");
        using HttpResponseMessage response = await _client.SendAsync(request);

        Assert.Equal(["gzip"], response.Content.Headers.ContentEncoding);
        byte[] compressed = await response.Content.ReadAsByteArrayAsync();
        using var gzip = new GZipStream(new MemoryStream(compressed), CompressionMode.Decompress);
        using var reader = new StreamReader(gzip);
        Assert.Equal(plain, await reader.ReadToEndAsync());
        Assert.True(compressed.Length < plain.Length / 4);
    }

    [Fact]
    public async Task A_head_has_the_same_headers_and_no_body()
    {
        using HttpResponseMessage response = await _client.SendAsync(new HttpRequestMessage(HttpMethod.Head, _server.Uri));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.Empty(await response.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task Health_is_well_where_nobody_says_otherwise()
    {
        foreach (string path in new[] { "/healthz", "/readyz", "/readyz?verbose" })
        {
            Assert.Equal("ok\n", await _client.GetStringAsync(new Uri(_server.Uri, path)));
        }
    }

    [Fact]
    public async Task Health_is_what_the_process_says_of_itself_at_that_moment()
    {
        string? problem = null;
        await using MetricsServer server = MetricsServer.Start(
            _meter.Collector, AnyPort with { Live = () => problem, Ready = () => "The store »db«\nis away." });

        Assert.Equal("ok\n", await _client.GetStringAsync(new Uri(server.Uri, "/healthz")));
        problem = "The loop has not turned for 5 minutes.";
        Assert.Equal((HttpStatusCode.ServiceUnavailable, problem + "\n"), await GetAsync("/healthz", HttpMethod.Get));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, string.Empty), await GetAsync("/healthz", HttpMethod.Head));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "The store »db« is away.\n"), await GetAsync("/readyz", HttpMethod.Get));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await GetAsync("/readyz", HttpMethod.Post)).Status);

        async Task<(HttpStatusCode Status, string Text)> GetAsync(string path, HttpMethod method)
        {
            using HttpResponseMessage response = await _client.SendAsync(new HttpRequestMessage(method, new Uri(server.Uri, path)));
            return (response.StatusCode, await response.Content.ReadAsStringAsync());
        }
    }

    [Theory]
    [InlineData("GET", "/", HttpStatusCode.NotFound)]
    [InlineData("GET", "/metrics/", HttpStatusCode.NotFound)]
    [InlineData("GET", "/metricsandmore", HttpStatusCode.NotFound)]
    [InlineData("POST", "/elsewhere", HttpStatusCode.NotFound)]
    [InlineData("HEAD", "/elsewhere", HttpStatusCode.NotFound)]
    [InlineData("POST", "/metrics", HttpStatusCode.MethodNotAllowed)]
    [InlineData("DELETE", "/metrics", HttpStatusCode.MethodNotAllowed)]
    [InlineData("OPTIONS", "/metrics", HttpStatusCode.MethodNotAllowed)]
    [InlineData("GET", "/metrics?name[]=x", HttpStatusCode.OK)]
    public async Task Only_get_and_head_of_metrics_are_answered(string method, string path, HttpStatusCode expected)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(_server.Uri, path));
        if (method == "POST")
        {
            request.Content = new StringContent(new string('x', 100_000));
        }

        using HttpResponseMessage response = await _client.SendAsync(request);

        Assert.Equal(expected, response.StatusCode);
        Assert.Equal(expected == HttpStatusCode.MethodNotAllowed ? ["GET", "HEAD"] : [], response.Content.Headers.Allow);
    }

    [Theory]
    [InlineData("nonsense\r\n\r\n", "HTTP/1.1 400 ")]
    [InlineData("GET /metrics HTTP/2.0\r\n\r\n", "HTTP/1.1 400 ")]
    [InlineData("GET  /metrics HTTP/1.1\r\n\r\n", "HTTP/1.1 400 ")]
    [InlineData("GET http://127.0.0.1/metrics HTTP/1.1\r\n\r\n", "HTTP/1.1 200 ")]
    public async Task Whatever_comes_has_an_answer(string request, string expected) =>
        Assert.StartsWith(expected, await ExchangeAsync(request), StringComparison.Ordinal);

    [Fact]
    public async Task A_head_without_end_is_refused() =>
        Assert.StartsWith("HTTP/1.1 431 ", await ExchangeAsync("GET /metrics HTTP/1.1\r\nX: " + new string('x', 10_000)), StringComparison.Ordinal);

    [Fact]
    public async Task A_client_of_HTTP_1_0_gets_its_answer_without_chunks()
    {
        string answer = await ExchangeAsync("GET /metrics HTTP/1.0\r\n\r\n");

        Assert.DoesNotContain("chunked", answer, StringComparison.Ordinal);
        Assert.Contains("\r\n\r\n# HELP", answer, StringComparison.Ordinal);
        Assert.EndsWith("\n", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hundred_scrapes_at_once_are_all_answered_whole()
    {
        AddStreams(500);
        string[] answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => _client.GetStringAsync(_server.Uri)));

        Assert.All(answers, answer => Assert.Equal(500, answer.Split('\n').Count(line => line.StartsWith("backfill_retry_total{", StringComparison.Ordinal))));
    }

    [Fact]
    public async Task Clients_that_say_nothing_make_room_for_one_that_scrapes()
    {
        await using MetricsServer small = MetricsServer.Start(_meter.Collector, AnyPort with { MaximumConnections = 4, SilentTime = TimeSpan.Zero });
        Socket[] silent = [.. Enumerable.Range(0, 20).Select(_ => Connect(small))];

        Assert.NotEmpty(await _client.GetStringAsync(small.Uri));
        Array.ForEach(silent, socket => socket.Dispose());
    }

    [Fact]
    public async Task An_honest_scrape_is_answered_while_two_thousand_half_sent_requests_hang()
    {
        Socket[] half = [.. Enumerable.Range(0, 2000).Select(_ => HalfSent(_server))];
        long started = Stopwatch.GetTimestamp();

        Assert.NotEmpty(await _client.GetStringAsync(_server.Uri));

        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(2));
        Array.ForEach(half, socket => socket.Dispose());
    }

    [Fact]
    public async Task Connections_beyond_the_limit_wait_while_the_others_are_safe()
    {
        await using MetricsServer small = MetricsServer.Start(_meter.Collector, AnyPort with { MaximumConnections = 1, SilentTime = TimeSpan.FromMinutes(1) });
        using Socket first = Connect(small);
        Socket[] others = [.. Enumerable.Range(0, 3).Select(_ => Connect(small))];
        await Task.WhenAll(others.Select(socket => socket.SendAsync("GET /metrics HTTP/1.1\r\n\r\n"u8.ToArray())));
        await first.SendAsync("GET /metrics HTTP/1.1\r\n\r\n"u8.ToArray());

        Assert.StartsWith("HTTP/1.1 200 ", await ReadAsync(first), StringComparison.Ordinal);
        Assert.All(await Task.WhenAll(others.Select(ReadAsync)), answer => Assert.EndsWith("\r\n0\r\n\r\n", answer, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_hundred_scrapes_are_all_answered_while_slow_clients_have_come_just_before()
    {
        AddStreams(100);
        Socket[] slow = [.. Enumerable.Range(0, 60).Select(_ => Connect(_server))];
        await UntilAsync(() => _server.OpenConnections == slow.Length);

        string[] answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => _client.GetStringAsync(_server.Uri)));

        Assert.All(answers, answer => Assert.Equal(100, answer.Split('\n').Count(line => line.StartsWith("backfill_retry_total{", StringComparison.Ordinal))));
        Array.ForEach(slow, socket => socket.Dispose());
    }

    [Fact]
    public async Task A_server_stops_while_a_client_waits_for_room()
    {
        MetricsServer small = MetricsServer.Start(_meter.Collector, AnyPort with { MaximumConnections = 1, SilentTime = TimeSpan.FromMinutes(1) });
        using Socket first = Connect(small);
        using Socket second = Connect(small);
        await UntilAsync(() => small.OpenConnections == 1);

        await small.DisposeAsync();

        Assert.Empty(await ReadAsync(second));
    }

    [Fact]
    public async Task A_client_that_drips_its_request_is_left_after_its_time()
    {
        await using MetricsServer impatient = MetricsServer.Start(_meter.Collector, AnyPort with { RequestTimeout = TimeSpan.FromMilliseconds(50) });
        using Socket slow = Connect(impatient);
        await slow.SendAsync("GET /metr"u8.ToArray());

        // What is left unread when the connection is closed resets it.
        Assert.Empty(await ReadAsync(slow));
    }

    [Fact]
    public async Task A_client_that_does_not_read_is_left_after_its_time_and_holds_up_nobody()
    {
        AddStreams(5000);
        await using MetricsServer impatient = MetricsServer.Start(_meter.Collector, AnyPort with { ResponseTimeout = TimeSpan.FromMilliseconds(500) });
        using Socket slow = Connect(impatient, receiveBuffer: 4096);
        await slow.SendAsync("GET /metrics HTTP/1.1\r\n\r\n"u8.ToArray());

        // It is open, although on a busy machine it may be closed again before anybody has seen that.
        Assert.Equal(1, await slow.ReceiveAsync(new byte[1]));

        Assert.NotEmpty(await _client.GetStringAsync(_server.Uri));
        await UntilAsync(() => impatient.OpenConnections == 0);

        Assert.DoesNotContain("\r\n0\r\n\r\n", await ReadAsync(slow), StringComparison.Ordinal);
    }

    [Fact]
    public void A_port_in_use_is_told_with_the_way_out()
    {
        IOException error = Assert.Throws<IOException>(() => MetricsServer.Start(_meter.Collector, AnyPort with { Port = _server.EndPoint.Port }));

        Assert.StartsWith($"Port {_server.EndPoint.Port} of 127.0.0.1 is in use", error.Message, StringComparison.Ordinal);
        Assert.Contains("choose another port", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_address_of_another_machine_is_told()
    {
        IOException error = Assert.Throws<IOException>(() => MetricsServer.Start(_meter.Collector, AnyPort with { Address = IPAddress.Parse("192.0.2.1") }));

        Assert.Contains("no address 192.0.2.1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_is_free_at_once_when_its_server_has_stopped()
    {
        MetricsServer first = MetricsServer.Start(_meter.Collector, AnyPort);
        await _client.GetStringAsync(first.Uri);
        using Socket open = Connect(first);
        await first.DisposeAsync();
        await first.DisposeAsync();

        await using MetricsServer second = MetricsServer.Start(_meter.Collector, AnyPort with { Port = first.EndPoint.Port });
        Assert.NotEmpty(await _client.GetStringAsync(second.Uri));
    }

    [IPv6Fact]
    public async Task It_listens_on_other_addresses_too()
    {
        await using MetricsServer server = MetricsServer.Start(_meter.Collector, AnyPort with { Address = IPAddress.IPv6Loopback });

        Assert.Equal($"http://[::1]:{server.EndPoint.Port}/metrics", server.Uri.ToString());
        Assert.NotEmpty(await _client.GetStringAsync(server.Uri));
    }

    [Theory]
    [InlineData("localhost", "127.0.0.1")]
    [InlineData("0.0.0.0", "0.0.0.0")]
    [InlineData("::1", "::1")]
    public void Addresses_are_read_as_they_are_written(string text, string expected) =>
        Assert.Equal(IPAddress.Parse(expected), MetricsServerOptions.ParseAddress(text));

    [Fact]
    public void A_name_is_no_address()
    {
        FormatException error = Assert.Throws<FormatException>(() => MetricsServerOptions.ParseAddress("my-host"));

        Assert.Contains("'my-host'", error.Message, StringComparison.Ordinal);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(1), limit.Token);
        }
    }

    private static Socket Connect(MetricsServer server, int receiveBuffer = 64 * 1024)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = receiveBuffer };
        socket.Connect(server.EndPoint);
        return socket;
    }

    private static Socket HalfSent(MetricsServer server)
    {
        Socket socket = Connect(server);
        try
        {
            socket.Send("GET /metrics HTTP/1.1\r\nHost: x"u8);
        }
        catch (SocketException)
        {
            // On a busy machine it has had to make room already.
        }

        return socket;
    }

    private static async Task<string> ReadAsync(Socket socket)
    {
        await using var stream = new NetworkStream(socket);
        using var all = new MemoryStream();
        try
        {
            await stream.CopyToAsync(all);
        }
        catch (IOException)
        {
            // Reset: what came before it counts.
        }

        return Encoding.UTF8.GetString(all.ToArray());
    }

    private async Task<string> ExchangeAsync(string request)
    {
        using Socket socket = Connect(_server);
        await socket.SendAsync(Encoding.ASCII.GetBytes(request));
        return await ReadAsync(socket);
    }

    private void AddStreams(int count)
    {
        for (int i = 0; i < count; i++)
        {
            _meter.Instruments.Backfills.Record(new BackfillStarted(new StreamKey($"NODE{i}", BarInterval.FromSeconds(60)), "s", 1));
        }
    }
}
