using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.History.Relational.PostgreSql;
using Qmtl.Recording;
using Qmtl.Time;
using Qmtl.Unit.EndToEnd;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.BadWeather;

/// <summary>Writers whose process is paused while they hold locks, and those that wait for them.</summary>
[Collection(PostgreSqlCollection.Name)]
public sealed class PostgreSqlLockTests(PostgreSqlServer server) : IAsyncLifetime
{
    // What the library sets by itself is too long for a test; what an operator has set stays.
    private const string ShortLimits = "-c lock_timeout=1s -c idle_in_transaction_session_timeout=5s";

    private static readonly StreamKey Stream = new("BTCUSDT", BarInterval.FromSeconds(60));

    private readonly FakeTimeProvider _clock = new();
    private string _database = string.Empty;

    public async Task InitializeAsync()
    {
        if (PostgreSqlBinaries.Folder is not null)
        {
            _database = await server.CreateDatabaseAsync();
        }
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [PostgreSqlFact]
    public async Task A_paused_process_in_mid_transaction_lets_another_writer_go_on_within_the_bound()
    {
        using var folder = new TemporaryFolder();
        string csv = folder.File("bars.csv");
        await File.WriteAllLinesAsync(csv, ["ts,close", .. Enumerable.Range(1, 500).Select(bar => string.Create(CultureInfo.InvariantCulture, $"{bar * 60},{bar}"))]);
        await using (PostgreSqlHistoryStore first = Open())
        {
            await first.WriteAsync(Stream, [Page(60)]);
        }

        await using NpgsqlConnection holder = await HoldBarsAsync(Stream.NodeId);
        using QmtlProcess child = QmtlProcess.Start(
            ["backfill", "--store", $"{server.UriOf(_database)}?options={Uri.EscapeDataString(ShortLimits)}", "--node", Stream.NodeId, "--interval", "1m",
                "--start", "60", "--end", "30000", "--file", csv]);
        await UntilAsync("SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'advisory' AND datname = current_database()");
        child.Pause();

        // The statement ends on the server, and the process does not hear of it.
        await ExecuteAsync(holder, "SELECT pg_advisory_unlock_all()");

        await using PostgreSqlHistoryStore store = Open(_clock);
        var waited = Stopwatch.StartNew();
        string? complaint = await WriteUntilDoneAsync(store);
        Assert.InRange(waited.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(30));
        Assert.Contains("for a lock that another session did not let go of in time", complaint, StringComparison.Ordinal);
        Assert.Contains("held the lock ('qmtl', idle in transaction for ", complaint, StringComparison.Ordinal);
        child.Continue();
        Assert.Equal(0, (await child.WaitAsync()).ExitCode);
        Assert.Equal(Set(60, 30000), await store.GetCoverageAsync(Stream));
    }

    [PostgreSqlFact]
    public async Task A_copy_whose_process_is_paused_is_ended_and_the_writer_that_waited_says_so()
    {
        await using PostgreSqlHistoryStore store = Open(_clock);
        await store.WriteAsync(Stream, [Page(60)]);
        await using NpgsqlConnection paused = await ConnectAsync("qmtl");
        await ExecuteAsync(paused, "BEGIN; LOCK TABLE \"BTCUSDT\"");
        await using NpgsqlRawCopyStream copy = await paused.BeginRawBinaryCopyAsync("COPY \"BTCUSDT\" FROM STDIN (FORMAT BINARY)");
        await copy.WriteAsync(new byte[] { 0x50, 0x47, 0x43, 0x4f });
        await copy.FlushAsync();

        string? complaint = await WriteUntilDoneAsync(store);

        string told = complaint + string.Concat(store.TakeWarnings(Stream));
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"The session with process id {paused.ProcessID} held the lock ('qmtl', active for "), told, StringComparison.Ordinal);
        Assert.Contains("and was ended, because nothing had come from its process for 30 s", told, StringComparison.Ordinal);
        Assert.Equal(Set(60, 30000), await store.GetCoverageAsync(Stream));
        await Assert.ThrowsAnyAsync<Exception>(async () => await copy.CancelAsync());
    }

    [PostgreSqlFact]
    public async Task A_recorder_that_waits_for_a_lock_says_who_holds_it()
    {
        await using var recorder = new StoreRecorder(Open(_clock));
        await recorder.PersistAsync(Stream, Frame(60), CancellationToken.None);
        await using NpgsqlConnection other = await ConnectAsync("psql");
        await ExecuteAsync(other, "BEGIN; LOCK TABLE \"BTCUSDT\"");
        using var folder = new TemporaryFolder();
        await using var service = new EventRecorderService(recorder, new EventRecorderOptions { SpoolFolder = folder.FullPath });
        service.Record(Stream, Frame(120));
        while (!service.GetReport().LastError?.Contains("pg_terminate_backend", StringComparison.Ordinal) ?? true)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(10);
        }

        Assert.Contains($"The session with process id {other.ProcessID} held the lock ('psql', idle in transaction for ", service.GetReport().LastError, StringComparison.Ordinal);
    }

    [PostgreSqlFact]
    public async Task Another_nodes_table_is_made_while_a_writer_that_changed_its_own_is_stuck()
    {
        await using PostgreSqlHistoryStore store = Open();
        await store.WriteAsync(Stream, [Page(60)]);
        await using NpgsqlConnection holder = await HoldBarsAsync(Stream.NodeId);
        BarFrame wider = new(Stream.Interval, new long[] { 120 }, [new BarColumn<double>("close", new[] { 1.0 }), new BarColumn<double>("added", new[] { 1.0 })]);
        Task stuck = store.WriteAsync(Stream, [new BarPage("test", wider, Set(120, 240), Set(180, 240))]);
        await UntilAsync("SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'advisory' AND datname = current_database()");

        var another = new StreamKey("ETHUSDT", Stream.Interval);
        await store.WriteAsync(another, [new BarPage("test", Frame(60), Set(60, 240), Set(120, 240))]);

        Assert.False(stuck.IsCompleted);
        await ExecuteAsync(holder, "SELECT pg_advisory_unlock_all()");
        await stuck;
        Assert.Equal(Set(180, 240), await store.GetKnownEmptyAsync(Stream, null));
        Assert.Equal(Set(120, 240), await store.GetKnownEmptyAsync(another, null));
    }

    [PostgreSqlFact]
    public async Task A_commit_of_which_nothing_more_is_heard_makes_the_count_a_lower_bound()
    {
        var run = new WeatherRun();
        var proxy = new CuttingProxy(server.Port);
        await using var store = new PostgreSqlHistoryStore(
            new NpgsqlConnectionStringBuilder(server.ConnectionStringOf(_database)) { Port = proxy.Port, SslMode = SslMode.Disable, GssEncryptionMode = GssEncryptionMode.Disable }.ConnectionString);
        run.BeforePage(3, () =>
        {
            proxy.CutAtCommit();
            return Task.CompletedTask;
        });
        Task<BackfillResult> running = run.Start(store);
        await run.Retrying;
        await proxy.DisposeAsync();

        BackfillResult result = await run.EndAsync(running);
        Assert.Equal((2 * WeatherRun.BarsPerPage) - 3, result.BarsWritten);
        Assert.Contains("the number written is at least what is counted", result.Error!.Message, StringComparison.Ordinal);
        await using PostgreSqlHistoryStore direct = Open();
        Assert.True((await direct.GetCoverageAsync(Stream)).BarCount > result.BarsWritten, "The commit that was not answered was made.");
    }

    private static TimeRangeSet Set(long start, long end) => new(Stream.Interval, new TimeRange(start, end));

    private static BarFrame Frame(long timestamp) => new(Stream.Interval, new[] { timestamp }, [new BarColumn<double>("close", new[] { 1.0 })]);

    private static BarPage Page(long timestamp) => new("test", Frame(timestamp), TimeRangeSet.Empty(Stream.Interval), TimeRangeSet.Empty(Stream.Interval));

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    // Five hundred bars, again and again as an engine does; what the store said last before it took them.
    private async Task<string?> WriteUntilDoneAsync(PostgreSqlHistoryStore store)
    {
        var frame = new BarFrame(
            Stream.Interval, Enumerable.Range(1, 500).Select(bar => bar * 60L).ToArray(), [new BarColumn<double>("close", Enumerable.Range(1, 500).Select(bar => (double)bar).ToArray())]);
        string? complaint = null;
        while (true)
        {
            Task writing = store.WriteAsync(Stream, [new BarPage("test", frame, TimeRangeSet.Empty(Stream.Interval), TimeRangeSet.Empty(Stream.Interval))]);
            while (!writing.IsCompleted)
            {
                _clock.Advance(TimeSpan.FromSeconds(1));
                await Task.WhenAny(writing, Task.Delay(10));
            }

            try
            {
                await writing;
                return complaint;
            }
            catch (StoreException error) when (error.IsTransient)
            {
                complaint = error.Message;
            }
        }
    }

    // Every bar that is written to the table from now on waits for the connection that is returned.
    // Behind the statement: then all of its rows have come, and its end waits for nothing from the client.
    private async Task<NpgsqlConnection> HoldBarsAsync(string table)
    {
        NpgsqlConnection holder = await ConnectAsync("psql");
        await ExecuteAsync(
            holder,
            "CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_lock_shared(1); PERFORM pg_advisory_unlock_shared(1); RETURN NEW; END'; "
            + $"CREATE TRIGGER hold AFTER INSERT ON \"{table}\" FOR EACH STATEMENT EXECUTE FUNCTION hold(); SELECT pg_advisory_lock(1)");
        return holder;
    }

    private async Task UntilAsync(string condition)
    {
        await using NpgsqlConnection connection = await ConnectAsync("psql");
        await using var command = new NpgsqlCommand(condition, connection);
        while (await command.ExecuteScalarAsync() is false)
        {
            await Task.Delay(1);
        }
    }

    private PostgreSqlHistoryStore Open(TimeProvider? clock = null) =>
        new(new NpgsqlConnectionStringBuilder(server.ConnectionStringOf(_database)) { Options = ShortLimits }.ConnectionString, timeProvider: clock);

    private async Task<NpgsqlConnection> ConnectAsync(string application)
    {
        var connection = new NpgsqlConnection($"{server.ConnectionStringOf(_database)};Pooling=false;Application Name={application}");
        await connection.OpenAsync();
        return connection;
    }
}
