using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Npgsql;
using Qmtl.Backfill;
using Qmtl.History;
using Qmtl.History.Relational.PostgreSql;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.BadWeather;

/// <summary>Weather in which the server goes down, or is set up differently; so it is a server of these tests alone.</summary>
public sealed class PostgreSqlOutageTests(PostgreSqlServer server) : IClassFixture<PostgreSqlServer>
{
    private const string HoldBars = """
        CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END';
        """;

    // A page is 1,000 minutes: bar 2,500 is in the middle of the third page.
    [PostgreSqlTheory]
    [InlineData("CREATE TRIGGER hold BEFORE INSERT ON \"BTCUSDT\" FOR EACH ROW WHEN (NEW.ts = 60 * 2500) EXECUTE FUNCTION hold()")]
    [InlineData("CREATE CONSTRAINT TRIGGER hold AFTER INSERT ON \"BTCUSDT\" DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.ts = 60 * 2500) EXECUTE FUNCTION hold()")]
    public async Task A_server_that_dies_in_the_middle_of_a_page_and_comes_back(string trigger)
    {
        string database = await server.CreateDatabaseAsync();
        var run = new WeatherRun();
        await using IHistoryStore store = Open(database);
        await using NpgsqlConnection holder = await ConnectAsync(database);
        run.BeforePage(3, () => ExecuteAsync(holder, $"{HoldBars} {trigger}; SELECT pg_advisory_lock(1)"));
        Task<BackfillResult> running = run.Start(store);
        await UntilAsync(database, "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'advisory'");

        await server.StopAsync(immediately: true);
        await run.Retrying;
        await server.StartAsync();

        BackfillResult result = await run.EndAsync(running);
        Assert.Null(result.Error);
        Assert.Equal(1, result.Retries);

        // Three times as long is enough for most servers to come back; the usual delays would not be.
        Assert.Equal(TimeSpan.FromSeconds(2), Assert.Single(run.Delays));
        Assert.Equal((4 * WeatherRun.BarsPerPage) - 3, result.BarsWritten);
        run.AssertNoSecrets(result);
        await run.AssertCompleteAsync(store);
    }

    [PostgreSqlFact]
    public async Task A_server_that_dies_and_stays_away()
    {
        string database = await server.CreateDatabaseAsync();
        var run = new WeatherRun();
        await using IHistoryStore store = Open(database);
        run.BeforePage(3, () => server.StopAsync(immediately: true));
        try
        {
            BackfillResult result = await run.RunAsync(store);
            run.AssertFailed(result, store, "cannot be reached", "Check that the server runs", isTransient: true);
            Assert.Equal((2 * WeatherRun.BarsPerPage) - 3, result.BarsWritten);
            Assert.Equal(2 * WeatherRun.BarsPerPage, result.BarsMissing);

            var another = new WeatherRun();
            await using IHistoryStore anew = Open(database);
            another.AssertFailed(await another.RunAsync(anew), anew, "cannot be reached", "Check that the server runs", isTransient: true);
            Assert.DoesNotContain(TimeSpan.FromSeconds(2), another.Delays);
            Assert.Empty(another.Source.Asked);
        }
        finally
        {
            await server.StartAsync();
        }

        await run.AssertRecoversAsync(store);
    }

    [PostgreSqlFact]
    public async Task A_server_that_restarts_under_several_streams()
    {
        string database = await server.CreateDatabaseAsync();
        await using IHistoryStore store = Open(database);
        WeatherRun[] runs = [.. Enumerable.Range(0, 4).Select(index => new WeatherRun(nodeId: $"NODE{index}"))];
        var restarted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        int arrived = 0;
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        foreach (WeatherRun run in runs)
        {
            run.BeforePage(2, async () =>
            {
                if (Interlocked.Increment(ref arrived) == runs.Length)
                {
                    all.SetResult();
                }

                await restarted.Task;
            });
        }

        Task<BackfillResult>[] running = [.. runs.Select(run => run.Start(store))];
        await all.Task;
        await server.StopAsync();
        restarted.SetResult();
        await Task.WhenAll(runs.Select(run => run.Retrying));
        await server.StartAsync();

        for (int index = 0; index < runs.Length; index++)
        {
            BackfillResult result = await runs[index].EndAsync(running[index]);
            Assert.Null(result.Error);
            runs[index].AssertNoSecrets(result);
            await runs[index].AssertCompleteAsync(store);
        }
    }

    [PostgreSqlTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_first_read_after_a_restart_is_as_good_as_any(bool immediately)
    {
        string database = await server.CreateDatabaseAsync();
        var run = new WeatherRun(bars: 20_000);
        await using PostgreSqlHistoryStore store = Open(database);
        Assert.Null((await run.RunAsync(store)).Error);
        TimeRangeSet stored = await store.GetCoverageAsync(run.Stream);
        Func<Task>[] reads =
        [
            async () => Assert.Equal(stored, await store.GetCoverageAsync(run.Stream)),
            async () => Assert.Equal([run.Stream], await store.GetStreamsAsync()),
            async () => Assert.Equal(3, (await store.GetKnownEmptyAsync(run.Stream, null)).BarCount),
            async () => await run.AssertCompleteAsync(store),
        ];
        foreach (Func<Task> read in reads)
        {
            await RestartAsync(immediately);
            await read();
        }

        // In the middle of a history, it goes on behind the bars that were read.
        long bars = 0;
        await foreach (Qmtl.Data.BarFrame frame in store.ReadAsync(run.Stream, run.Range))
        {
            if (bars == 0)
            {
                await RestartAsync(immediately);
            }

            bars += frame.Count;
        }

        Assert.Equal(stored.BarCount, bars);
    }

    [PostgreSqlFact]
    public async Task A_certificate_that_cannot_be_trusted()
    {
        using var folder = new TemporaryFolder();
        string database = await server.CreateDatabaseAsync();
        string ours = folder.File("root.crt");
        string others = folder.File("other.crt");
        await ServeAsync(Certificate(server: true, ours));
        using (Certificate(server: true, others))
        {
            var run = new WeatherRun();
            await using IHistoryStore unknown = Open(database, SslMode.VerifyFull);
            run.AssertFailed(await run.RunAsync(unknown), unknown, "could not be reached over TLS", "Check the server's certificate");
            await using IHistoryStore wrong = Open(database, SslMode.VerifyFull, others);
            run.AssertFailed(await run.RunAsync(wrong), wrong, "could not be reached over TLS", "Check the server's certificate");
            await using IHistoryStore missing = Open(database, SslMode.VerifyFull, folder.File("missing.crt"));
            run.AssertFailed(await run.RunAsync(missing), missing, "a file that its connection string names cannot be used", "Correct the path");
            Assert.Empty(run.Source.Asked);

            await using IHistoryStore trusted = Open(database, SslMode.VerifyFull, ours);
            await run.AssertRecoversAsync(trusted);

            await ServeAsync(Certificate(server: false, ours));
            await using IHistoryStore elsewhere = Open(database, SslMode.VerifyFull, ours);
            BackfillResult refused = await run.RunAsync(elsewhere);
            run.AssertFailed(refused, elsewhere, "could not be reached over TLS", "Check the server's certificate");
            Assert.DoesNotContain("Callback", refused.Error!.Message, StringComparison.Ordinal);
            await using IHistoryStore unverified = Open(database, SslMode.VerifyCA, ours);
            await run.AssertRecoversAsync(unverified);
        }
    }

    private async Task RestartAsync(bool immediately)
    {
        await server.StopAsync(immediately);
        await server.StartAsync();
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    // For the server's address, or for another machine's.
    private static X509Certificate2 Certificate(bool server, string file)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=qmtl test", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(server ? IPAddress.Loopback : IPAddress.Parse("192.0.2.1"));
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(file, certificate.ExportCertificatePem());
        return certificate;
    }

    private PostgreSqlHistoryStore Open(string database, SslMode? ssl = null, string? rootCertificate = null)
    {
        var connection = new NpgsqlConnectionStringBuilder(server.ConnectionStringOf(database));
        if (ssl is { } mode)
        {
            connection.SslMode = mode;
        }

        connection.RootCertificate = rootCertificate;
        return new PostgreSqlHistoryStore(connection.ConnectionString);
    }

    // The server takes a new certificate without a restart.
    private async Task ServeAsync(X509Certificate2 certificate)
    {
        await using NpgsqlConnection connection = await ConnectAsync("postgres");
        await using var folder = new NpgsqlCommand("SHOW data_directory", connection);
        string data = (string)(await folder.ExecuteScalarAsync())!;
        using (certificate)
        {
            using ECDsa key = certificate.GetECDsaPrivateKey()!;
            foreach ((string name, string text) in new[] { ("server.crt", certificate.ExportCertificatePem()), ("server.key", key.ExportPkcs8PrivateKeyPem()) })
            {
                string path = Path.Combine(data, name);
                File.Delete(path);
                await File.WriteAllTextAsync(path, text);
                if (!OperatingSystem.IsWindows())
                {
                    File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
                    SmallDisk.Run("chown", "--reference=" + data, path);
                }
            }
        }

        // Sessions that begin later have the configuration that the server loaded last, and with it the certificate.
        await using var loaded = new NpgsqlCommand("SELECT pg_conf_load_time()::text", connection);
        string before = (string)(await loaded.ExecuteScalarAsync())!;
        await ExecuteAsync(connection, "ALTER SYSTEM SET ssl = on");
        await ExecuteAsync(connection, "SELECT pg_reload_conf()");
        bool isLoaded = false;
        while (!isLoaded)
        {
            await using NpgsqlConnection later = await ConnectAsync("postgres");
            await using var reloaded = new NpgsqlCommand($"SELECT pg_conf_load_time() > '{before}'", later);
            isLoaded = await reloaded.ExecuteScalarAsync() is true;
        }
    }

    private async Task UntilAsync(string database, string condition)
    {
        await using NpgsqlConnection connection = await ConnectAsync(database);
        await using var command = new NpgsqlCommand(condition, connection);
        while (await command.ExecuteScalarAsync() is false)
        {
            await Task.Delay(1);
        }
    }

    private async Task<NpgsqlConnection> ConnectAsync(string database)
    {
        var connection = new NpgsqlConnection(server.ConnectionStringOf(database) + ";Pooling=false");
        await connection.OpenAsync();
        return connection;
    }
}
