using System.Globalization;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Fetching.Pacing;
using Qmtl.History;
using Qmtl.History.Relational.Sqlite;
using Qmtl.Time;
using Qmtl.Unit.Backfill;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Logging;

public sealed class BackfillLogTests : BackfillEngineTestBase
{
    private static readonly TimeRange Hour = new(60, 3600);

    private readonly CollectingLoggerFactory _log = new();

    [Fact]
    public async Task A_run_is_told_from_start_to_completion_with_the_stream_in_every_event()
    {
        await RunLoggedAsync(new ScriptedFetcher());

        Assert.Equal(
            ["backfill.start", "backfill.plan", "backfill.request", "backfill.page", "backfill.complete"],
            _log.Events.Select(logged => logged.Event.Name));
        Assert.All(_log.Events, logged => Assert.Equal(("BTCUSDT", 60L), (logged.Fields["node_id"], logged.Fields["interval"])));

        LoggedEvent start = _log.Named("backfill.start").Single();
        Assert.Equal(LogLevel.Information, start.Level);
        Assert.Equal((60L, 3600L, "scripted", 1), (start.Fields["start"], start.Fields["end"], start.Fields["source"], start.Fields["ranges"]));
        Assert.Equal("BTCUSDT 1m: backfill of 1970-01-01T00:01:00Z to 1970-01-01T01:00:00Z from scripted.", start.Message);

        LoggedEvent complete = _log.Named("backfill.complete").Single();
        Assert.Equal(LogLevel.Information, complete.Level);
        Assert.Equal(
            (60L, 3600L, "completed", 60L, 0L, 0L),
            (complete.Fields["start"], complete.Fields["end"], complete.Fields["status"], complete.Fields["bars_written"], complete.Fields["bars_empty"], complete.Fields["bars_missing"]));
    }

    [Fact]
    public async Task The_start_spans_all_ranges_of_a_request()
    {
        await RunLoggedAsync(new ScriptedFetcher(), [new TimeRange(6000, 6060), new TimeRange(60, 120)]);

        LoggedEvent start = _log.Named("backfill.start").Single();
        Assert.Equal((60L, 6060L, 2), (start.Fields["start"], start.Fields["end"], start.Fields["ranges"]));
        Assert.Equal(2, _log.Named("backfill.complete").Count);
    }

    [Fact]
    public async Task A_retry_says_which_attempt_comes_when_and_why()
    {
        var fetcher = new ScriptedFetcher
        {
            Answer = (_, call, honest, _) => call == 1
                ? Task.FromException<RawBars>(new SourceException("not now") { IsTransient = true })
                : Task.FromResult(honest),
        };

        await RunLoggedAsync(fetcher);

        LoggedEvent retry = Assert.Single(_log.Named("backfill.retry"));
        Assert.Equal(LogLevel.Information, retry.Level);
        Assert.Equal((1, "not now", nameof(SourceException)), (retry.Fields["attempt"], retry.Fields["error"], retry.Fields["error_type"]));
        Assert.Equal((60L, 3600L), (retry.Fields["start"], retry.Fields["end"]));
        Assert.InRange((double)retry.Fields["delay_seconds"]!, 0.001, 1);
    }

    [Fact]
    public async Task A_long_wait_before_a_retry_is_a_warning()
    {
        var fetcher = new ScriptedFetcher
        {
            Answer = (_, call, honest, _) => call == 1
                ? Task.FromException<RawBars>(new SourceException("banned") { IsTransient = true, RetryAfter = TimeSpan.FromMinutes(2) })
                : Task.FromResult(honest),
        };

        await RunLoggedAsync(fetcher);

        LoggedEvent retry = Assert.Single(_log.Named("backfill.retry"));
        Assert.Equal((LogLevel.Warning, 120.0), (retry.Level, retry.Fields["delay_seconds"]));
    }

    [Fact]
    public async Task A_failed_range_is_an_error_with_what_was_done_before()
    {
        var fetcher = new ScriptedFetcher { BarsPerRequest = 30, Answer = (range, _, honest, _) => range.Start == 60 ? Task.FromResult(honest) : throw new SourceException("no such symbol") };

        await RunLoggedAsync(fetcher, options: new BackfillOptions { ThrottleLimit = 1 });

        LoggedEvent failed = Assert.Single(_log.Named("backfill.failed"));
        Assert.Equal(LogLevel.Error, failed.Level);
        Assert.Equal("BTCUSDT 1m: 1970-01-01T00:01:00Z to 1970-01-01T01:00:00Z failed: no such symbol", failed.Message);
        Assert.Equal((60L, 3600L, "no such symbol", 30L, 30L), (failed.Fields["start"], failed.Fields["end"], failed.Fields["error"], failed.Fields["bars_written"], failed.Fields["bars_missing"]));
        Assert.Empty(_log.Named("backfill.complete"));
    }

    [Fact]
    public async Task Rows_that_cannot_be_stored_are_one_warning_with_counts()
    {
        var fetcher = new ScriptedFetcher { BarsPerRequest = 30, Answer = (range, _, honest, _) => Task.FromResult(ScriptedFetcher.Bars(honest.Timestamps.ToArray().Append(range.Start + 7))) };

        await RunLoggedAsync(fetcher);

        LoggedEvent warning = Assert.Single(_log.Events, logged => logged.Level == LogLevel.Warning);
        Assert.Equal("backfill.rows_rejected", warning.Event.Name);
        Assert.Equal(2L, warning.Fields["rows"]);
        Assert.StartsWith("2 off the interval's grid (1970-01-01T00:", string.Create(CultureInfo.InvariantCulture, $"{warning.Fields["reasons"]}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Waits_for_the_rate_limit_are_told_each_in_detail_and_once_in_all()
    {
        HostPacer pacer = HostPacer.For(new Uri("http://waits.example"), Clock);
        var fetcher = new ScriptedFetcher { BarsPerRequest = 30 };
        fetcher.Answer = async (_, call, honest, token) =>
        {
            if (call == 1)
            {
                pacer.Pause(TimeSpan.FromSeconds(5));
            }

            using HostPacer.Turn turn = await pacer.WaitAsync(new(1, []), TimeSpan.FromMinutes(1), fetcher.OnWait, token);
            return honest;
        };

        await RunLoggedAsync(fetcher);

        LoggedEvent[] waits = [.. _log.Named("backfill.wait")];
        Assert.NotEmpty(waits);
        Assert.All(waits, wait => Assert.Equal((LogLevel.Debug, "scripted"), (wait.Level, wait.Fields["source"])));
        LoggedEvent all = Assert.Single(_log.Named("backfill.rate_limit"));
        Assert.Equal(LogLevel.Information, all.Level);
        Assert.Equal(waits.Sum(wait => (double)wait.Fields["delay_seconds"]!), (double)all.Fields["wait_seconds"]!, 3);
    }

    [Fact]
    public async Task A_cancelled_range_is_neither_failed_nor_complete()
    {
        using var cancellation = new CancellationTokenSource();
        var fetcher = new ScriptedFetcher
        {
            Answer = async (_, _, honest, token) =>
            {
                await cancellation.CancelAsync();
                await Task.Delay(Timeout.Infinite, token);
                return honest;
            },
        };

        await RunLoggedAsync(fetcher, cancellationToken: cancellation.Token);

        Assert.Single(_log.Named("backfill.cancelled"));
        Assert.DoesNotContain(_log.Events, logged => logged.Event.Name is "backfill.failed" or "backfill.complete");
    }

    [Theory]
    [InlineData("postgresql://writer:open-sesame@127.0.0.1:1/market")]
    [InlineData("Host=127.0.0.1;Port=1;Username=writer;Password=open-sesame;Database=market")]
    public async Task A_password_is_in_no_message_and_no_field(string connection)
    {
        await using IHistoryStore store = HistoryStoreFactory.Open(connection);
        var engine = new BackfillEngine(new BackfillOptions { MaxRetries = 1, RetryDelay = TimeSpan.FromMilliseconds(1) }, loggerFactory: _log);

        await engine.RunAsync([new BackfillRequest(store, new ScriptedFetcher(), Stream, [Hour])]).ToListAsync();

        Assert.Single(_log.Named("backfill.failed"));
        Assert.All(_log.Events, logged =>
        {
            Assert.Null(logged.Exception);
            Assert.DoesNotContain("sesame", logged.Message + string.Join(' ', logged.Fields.Values), StringComparison.OrdinalIgnoreCase);
        });
    }

    [Fact]
    public async Task A_provider_s_own_filling_is_logged_too()
    {
        await using var provider = new StoreHistoryProvider(Store, new ScriptedFetcher(), timeProvider: Clock, loggerFactory: _log);

        await provider.FillMissingAsync(Stream, Hour);

        Assert.Single(_log.Named("backfill.complete"));
    }

    [Theory]
    [InlineData("BTCUSDT", null, null)]
    [InlineData("qmtl_x", null, "_qmtl_x~")]
    [InlineData("BTCUSDT", "bars", "bars")]
    public async Task A_table_that_is_not_named_by_the_node_is_told(string nodeId, string? shared, string? beginning)
    {
        using var folder = new TemporaryFolder();
        await using var store = new SqliteHistoryStore(folder.File("bars.db"), shared);

        await FillAsync(store, new StreamKey(nodeId, Minute));

        LoggedEvent[] told = [.. _log.Named("store.table")];
        Assert.Equal(beginning is null ? 0 : 1, told.Length);
        Assert.All(told, logged =>
        {
            Assert.Equal(LogLevel.Information, logged.Level);
            Assert.StartsWith(beginning!, (string)logged.Fields["table"]!, StringComparison.Ordinal);
            Assert.Equal($"{nodeId} 1m: its bars are in the table '{logged.Fields["table"]}' of {store.Info.DisplayName}.", logged.Message);
        });
    }

    [Fact]
    public async Task A_table_that_is_gone_and_made_again_is_a_warning()
    {
        using var folder = new TemporaryFolder();
        await using var store = new SqliteHistoryStore(folder.File("bars.db"));
        await FillAsync(store, Stream);
        await using (var other = new SqliteConnection($"Data Source={store.Info.FilePath};Pooling=False"))
        {
            await other.OpenAsync();
            await using SqliteCommand drop = other.CreateCommand();
            drop.CommandText = "DROP TABLE \"BTCUSDT\"";
            await drop.ExecuteNonQueryAsync();
        }

        await FillAsync(store, Stream);

        LoggedEvent warning = Assert.Single(_log.Events, logged => logged.Level == LogLevel.Warning);
        Assert.Equal("store.warning", warning.Event.Name);
        Assert.Equal(store.Info.DisplayName, warning.Fields["store"]);
        Assert.StartsWith("BTCUSDT 1m: The table 'BTCUSDT' in ", warning.Message, StringComparison.Ordinal);
    }

    private async Task FillAsync(IHistoryStore store, StreamKey stream)
    {
        var engine = new BackfillEngine(null, Clock, loggerFactory: _log);
        await engine.RunAsync([new BackfillRequest(store, new ScriptedFetcher(), stream, [Hour])]).ToListAsync();
    }

    private async Task RunLoggedAsync(
        IDataFetcher fetcher, IReadOnlyList<TimeRange>? ranges = null, BackfillOptions? options = null, CancellationToken cancellationToken = default)
    {
        var engine = new BackfillEngine(options, Clock, loggerFactory: _log);
        Task<List<BackfillResult>> running = engine.RunAsync([new BackfillRequest(Store, fetcher, Stream, ranges ?? [Hour])], cancellationToken).ToListAsync(CancellationToken.None).AsTask();
        await AdvanceUntilAsync(running, TimeSpan.FromMilliseconds(100));
        await running;
    }
}
