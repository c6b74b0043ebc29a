using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.History.Relational.Sqlite;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;
using static Qmtl.Unit.Fixtures.Columns;

namespace Qmtl.Unit.Backfill;

/// <summary>Stored bars beside a source's: asked for again, compared, and repaired.</summary>
public sealed class RevisingTests : BackfillEngineTestBase, IAsyncLifetime, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly SqliteHistoryStore _store;

    public RevisingTests() => _store = new SqliteHistoryStore(_folder.File("bars.db"));

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _store.DisposeAsync();

    public void Dispose() => _folder.Dispose();

    // What the source has at those bars, but for the ones named.
    private Task SeedAsync(IEnumerable<long> opens, params (long Open, double Close)[] wrong)
    {
        long[] bars = [.. opens];
        double[] closes = Array.ConvertAll(bars, open => wrong.Any(bar => bar.Open == open) ? wrong.First(bar => bar.Open == open).Close : open);
        TimeRangeSet none = TimeRangeSet.Empty(Minute);
        return _store.WriteAsync(Stream, [new BarPage("seed", new BarFrame(Minute, bars, [Doubles("close", closes)]), none, none)]);
    }

    private static IEnumerable<long> Bars(int first, int count) => Enumerable.Range(first, count).Select(bar => bar * 60L);

    private async Task<BackfillResult> ForceAsync(IDataFetcher fetcher, TimeRange range, BackfillOptions? options = null)
    {
        var engine = new BackfillEngine((options ?? new BackfillOptions()) with { Force = true }, Clock);
        return Assert.Single(await engine.RunAsync([new BackfillRequest(_store, fetcher, Stream, [range])]).ToListAsync());
    }

    private async Task<Dictionary<long, double>> StoredAsync() => (await _store.ReadAsync(Stream, new TimeRange(0, 1L << 40)).ToListAsync())
        .SelectMany(frame => frame.Rows).ToDictionary(row => row.Timestamp, row => (double)row["close"]!);

    private Task<List<BarDifference>> CompareAsync(HistoryComparison comparison) => comparison.RunAsync(timeProvider: Clock).ToListAsync().AsTask();

    [Fact]
    public async Task Force_asks_for_all_and_replaces_what_differs_in_numbers()
    {
        await SeedAsync(Bars(0, 2500), (120, -1), (60 * 1500, -2));
        var fetcher = new ScriptedFetcher { Holes = [60 * 2600] };
        BackfillResult result = await ForceAsync(fetcher, new TimeRange(0, 2999 * 60));

        Assert.Equal((BackfillStatus.Completed, 501L, 2L, 1L, 0L), (result.Status, result.BarsWritten, result.BarsReplaced, result.BarsEmpty, result.BarsMissing));
        Assert.Equal(3, result.Requests);
        Assert.Equal(Bars(0, 3000).Where(open => open != 60 * 2600).ToDictionary(open => open, open => (double)open), await StoredAsync());
        Assert.Equal([(120L, "-1"), (60 * 1500L, "-2")], (await _store.ReadRevisionsAsync(Stream).ToListAsync()).Select(entry => (entry.Timestamp, entry.Was!)));

        BackfillResult again = await ForceAsync(fetcher, new TimeRange(0, 2999 * 60));
        Assert.Equal((BackfillStatus.Completed, 0L, 0L, 1L, 0L), (again.Status, again.BarsWritten, again.BarsReplaced, again.BarsEmpty, again.BarsMissing));
        Assert.Equal(2, (await _store.ReadRevisionsAsync(Stream).ToListAsync()).Count);
    }

    [Fact]
    public async Task Force_leaves_stored_bars_that_the_source_does_not_have_and_learns_nothing_of_them()
    {
        await SeedAsync(Bars(0, 10));
        BackfillResult result = await ForceAsync(new ScriptedFetcher { Holes = [.. Bars(2, 5)] }, new TimeRange(0, 9 * 60));
        Assert.Equal((BackfillStatus.Completed, 0L, 0L, 0L), (result.Status, result.BarsWritten, result.BarsEmpty, result.BarsMissing));
        Assert.Equal(10, (await StoredAsync()).Count);
        Assert.True((await _store.GetKnownEmptyAsync(Stream, null)).IsEmpty);
    }

    [Fact]
    public async Task Force_that_fails_on_its_way_is_completed_by_the_next()
    {
        await SeedAsync(Bars(0, 3000), [.. Bars(0, 3000).Select(open => (open, -1.0))]);
        var fetcher = new ScriptedFetcher
        {
            Answer = (_, call, honest, _) => call == 3 ? throw new SourceException("gone") : Task.FromResult(honest),
        };
        BackfillResult failed = await ForceAsync(fetcher, new TimeRange(0, 2999 * 60), new BackfillOptions { ThrottleLimit = 1, MaxRetries = 0 });
        Assert.Equal((BackfillStatus.Failed, 2000L, 0L), (failed.Status, failed.BarsReplaced, failed.BarsMissing));

        BackfillResult rest = await ForceAsync(new ScriptedFetcher(), new TimeRange(0, 2999 * 60));
        Assert.Equal((BackfillStatus.Completed, 1000L), (rest.Status, rest.BarsReplaced));
        Assert.Equal(3000, (await _store.ReadRevisionsAsync(Stream).ToListAsync()).DistinctBy(entry => entry.Timestamp).Count());
    }

    [Fact]
    public async Task Force_counts_each_range_by_itself()
    {
        await SeedAsync(Bars(0, 100), (60, -1), (60 * 50, -1));
        var engine = new BackfillEngine(new BackfillOptions { Force = true }, Clock);
        TimeRange[] ranges = [new(0, 60 * 60), new(60 * 40, 60 * 199), new(60 * 90, 60 * 99)];
        List<BackfillResult> results = await engine.RunAsync([new BackfillRequest(_store, new ScriptedFetcher(), Stream, ranges)]).ToListAsync();
        Assert.Equal(
            [(2L, 2L, 0L), (101L, 1L, 0L), (0L, 0L, 0L)],
            results.OrderBy(result => Array.IndexOf(ranges, result.Range)).Select(result => (result.BarsWritten, result.BarsReplaced, result.BarsMissing)));
    }

    [Fact]
    public async Task Comparing_tells_what_is_missing_extra_and_different_and_changes_nothing()
    {
        await SeedAsync(Bars(0, 10).Where(open => open != 180), (60, 1.5));
        var comparison = new HistoryComparison(_store, new ScriptedFetcher { Holes = [300] }, Stream, new TimeRange(0, 540));
        Assert.Equal(
            [new(60, BarDifferenceKind.Different, "close", 1.5, 60.0), new(180, BarDifferenceKind.Missing), new(300, BarDifferenceKind.Extra)],
            await CompareAsync(comparison));
        Assert.Equal((10L, 1L, 1L, 1L), (comparison.Summary.BarsCompared, comparison.Summary.BarsMissing, comparison.Summary.BarsExtra, comparison.Summary.BarsDifferent));
        Assert.Equal(0.3, comparison.Summary.MostDiffering);
        Assert.Equal(9, (await StoredAsync()).Count);
        Assert.True((await _store.GetKnownEmptyAsync(Stream, null)).IsEmpty);
        Assert.Empty(await _store.ReadRevisionsAsync(Stream).ToListAsync());
    }

    [Fact]
    public async Task A_repair_writes_the_sources_bars_with_a_trail_and_a_second_finds_only_what_it_leaves()
    {
        await SeedAsync(Bars(0, 2500).Where(open => open != 180), (60, 1.5), (60 * 2000, 7));
        HistoryComparison Repair() => new(_store, new ScriptedFetcher { Holes = [300] }, Stream, new TimeRange(0, 2499 * 60)) { Repair = true };
        Assert.Equal(4, (await CompareAsync(Repair())).Count);
        Assert.Equal([new(300, BarDifferenceKind.Extra)], await CompareAsync(Repair()));
        Assert.Equal(Bars(0, 2500).ToDictionary(open => open, open => (double)open), await StoredAsync());
        Assert.Equal(
            [(60L, "close", "1.5", "60"), (180L, null, null, null), (120_000L, "close", "7", "120000")],
            (await _store.ReadRevisionsAsync(Stream).ToListAsync()).Select(entry => (entry.Timestamp, entry.Column, entry.Was, entry.Is)));
    }

    [Theory]
    [InlineData(0, 0, 3)]
    [InlineData(0.5, 0, 2)]
    [InlineData(0.4, 0, 3)]
    [InlineData(0, 0.005, 2)]
    [InlineData(0, 0.001, 3)]
    [InlineData(0.25, 0.0025, 2)]
    public async Task A_tolerance_is_of_floating_point_values_alone_and_a_repair_keeps_to_it(double absolute, double relative, int different)
    {
        // One that is missing, one too far away for any tolerance here, and one that is 0.5 beside 120.
        await SeedAsync(Bars(0, 10).Where(open => open != 180), (60, 1.5), (120, 120.5));
        HistoryComparison Compare(bool repair) => new(_store, new ScriptedFetcher(), Stream, new TimeRange(0, 540))
        {
            AbsoluteTolerance = absolute,
            RelativeTolerance = relative,
            Repair = repair,
        };
        Assert.Equal(different, (await CompareAsync(Compare(repair: false))).Count);
        Assert.Equal(different, (await CompareAsync(Compare(repair: true))).Count);
        Assert.Equal(different == 3 ? 120 : 120.5, (await StoredAsync())[120]);
        Assert.Equal(60, (await StoredAsync())[60]);
        Assert.Equal(different, (await _store.ReadRevisionsAsync(Stream).ToListAsync()).Count);
        Assert.Empty(await CompareAsync(Compare(repair: true)));
    }

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(0, double.NaN)]
    [InlineData(double.PositiveInfinity, 0)]
    public void A_tolerance_is_a_number_that_is_not_below_zero(double absolute, double relative) =>
        Assert.Contains("not below zero", Assert.Throws<ArgumentException>(() =>
            new HistoryComparison(_store, new ScriptedFetcher(), Stream, new TimeRange(0, 60)) { AbsoluteTolerance = absolute, RelativeTolerance = relative }.RunAsync()).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("0.01", 0.01, 0)]
    [InlineData("1E-8", 1e-8, 0)]
    [InlineData(" 0.5 % ", 0, 0.005)]
    public void A_tolerance_is_written_as_a_number_or_a_percentage(string text, double absolute, double relative) =>
        Assert.Equal(new ValueTolerance(absolute, relative), ValueTolerance.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("%")]
    [InlineData("-1")]
    [InlineData("0,01")]
    [InlineData("NaN")]
    public void What_is_no_tolerance_is_told_with_what_is_one(string text) =>
        Assert.Contains("is no tolerance. Write", Assert.Throws<ArgumentException>(() => ValueTolerance.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public async Task Another_store_is_a_source_to_compare_with_and_to_repair_from()
    {
        await SeedAsync(Bars(0, 25_000), (60, -1));
        await using var other = new SqliteHistoryStore(_folder.File("other.db"));
        TimeRangeSet none = TimeRangeSet.Empty(Minute);
        long[] opens = [.. Bars(0, 24_000)];
        await other.WriteAsync(Stream, [new BarPage("s", new BarFrame(Minute, opens, [Doubles("close", Array.ConvertAll(opens, open => (double)open))]), none, none)]);

        var range = new TimeRange(0, 24_999 * 60);
        List<BarDifference> found = await CompareAsync(new HistoryComparison(_store, new StoreFetcher(other), Stream, range) { Repair = true });
        Assert.Equal(1001, found.Count);
        Assert.Equal(1000, found.Count(difference => difference.Kind == BarDifferenceKind.Extra));
        Assert.Equal(60.0, (await StoredAsync())[60]);
        Assert.Equal($"sqlite:{_folder.File("other.db")}", Assert.Single(await _store.ReadRevisionsAsync(Stream).ToListAsync()).Source);

        // That the other has no bar is no proof that there is none.
        Assert.True((await _store.GetKnownEmptyAsync(Stream, null)).IsEmpty);
        Assert.Equal(1000, (await CompareAsync(new HistoryComparison(_store, new StoreFetcher(other), Stream, range))).Count);
    }

    [Fact]
    public async Task A_column_whose_type_the_other_store_does_not_keep_is_compared_from_its_first_bar_to_its_last()
    {
        const int Count = 9_000;
        string path = _folder.File("foreign.db");
        await using (var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={path};Pooling=false"))
        {
            await connection.OpenAsync();
            await using var command = connection.CreateCommand();
            command.CommandText = "CREATE TABLE BTCUSDT (node_id TEXT, interval INTEGER, ts INTEGER, close REAL, note); "
                + "WITH RECURSIVE bar(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM bar WHERE n < 8999) "
                + "INSERT INTO BTCUSDT SELECT 'BTCUSDT', 60, n * 60, n * 60.0, CASE WHEN n < 5000 THEN NULL WHEN n < 8500 THEN 'late' ELSE 7 END FROM bar";
            await command.ExecuteNonQueryAsync();
        }

        await SeedAsync(Bars(0, Count));
        await using var other = new SqliteHistoryStore(path);
        var range = new TimeRange(0, (Count - 1) * 60);
        List<BarDifference> found = await CompareAsync(new HistoryComparison(_store, new StoreFetcher(other), Stream, range));
        Assert.Equal(4000, found.Count);
        Assert.Equal([5000 * 60, 8500 * 60], (long[])[found[0].Timestamp, found.First(difference => Equals(difference.Other, "7")).Timestamp]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Bars_before_a_sources_first_are_looked_at_a_page_at_a_time(bool force)
    {
        const int Page = 1000;
        await SeedAsync(Bars(0, 6000));
        var source = new DelegateFetcher(
            "late",
            (_, range, _) => Task.FromResult(Answer(range)),
            barsPerRequest: Page,
            earliestBar: _ => 5000 * 60);
        var widths = new List<long>();
        var engine = force
            ? new BackfillEngine(new BackfillOptions { Force = true }, Clock, Note)
            : BackfillEngine.Comparing(new BackfillOptions(), Clock, Note, loggerFactory: null);
        var pages = System.Threading.Channels.Channel.CreateUnbounded<ComparedPage>();
        await using var compared = new ComparedStore(_store, repair: false, learns: true, tolerance: default, pages.Writer);
        var request = new BackfillRequest(force ? _store : compared, source, Stream, [new TimeRange(0, 5999 * 60)]);
        Assert.Equal(BackfillStatus.Completed, Assert.Single(await engine.RunAsync([request]).ToListAsync()).Status);

        Assert.Equal(6, widths.Count);
        Assert.All(widths, width => Assert.InRange(width, 1, Page));
        Assert.Equal(6000, (await StoredAsync()).Count);

        void Note(BackfillEvent happened)
        {
            if (happened is BackfillPageCommitted page)
            {
                lock (widths)
                {
                    widths.Add(page.Range.CountBars(Minute));
                }
            }
        }

        static RawBars Answer(TimeRange range)
        {
            long[] opens = [.. Enumerable.Range(0, (int)range.CountBars(Minute)).Select(bar => range.Start + bar * 60L)];
            return new RawBars(opens, [Doubles("close", Array.ConvertAll(opens, open => (double)open))]);
        }
    }

    [Fact]
    public async Task A_sample_asks_for_as_few_pages_as_it_needs_and_says_what_it_proves()
    {
        const int All = 100_000;
        await SeedAsync(Bars(0, All));
        var fetcher = new ScriptedFetcher();
        var comparison = new HistoryComparison(_store, fetcher, Stream, new TimeRange(0, (All - 1) * 60)) { SampleSize = 50, Seed = 1 };
        Assert.Empty(await CompareAsync(comparison));
        Assert.InRange(fetcher.Asked.Count, 1, 50);
        Assert.Equal(50, comparison.Summary.BarsCompared);

        // 1 - 0.05^(1/50), as tables of exact bounds have it.
        Assert.Equal(0.0582, comparison.Summary.MostDiffering!.Value, 4);
        Assert.EndsWith("As a random sample it says with 95% confidence that at most 5.816% of all differ.", comparison.Summary.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 100, 0.0295)]
    [InlineData(1, 100, 0.0466)]
    [InlineData(5, 100, 0.1023)]
    [InlineData(10, 50, 0.3156)]
    [InlineData(100, 100, 1)]
    public void The_bound_of_a_sample_is_the_exact_one(int differing, int compared, double bound) => Assert.Equal(
        bound,
        new ComparisonSummary(Stream, new TimeRange(0, 60_000_000)) { IsSample = true, BarsCompared = compared, BarsDifferent = differing }.MostDiffering!.Value,
        4);

    [Fact]
    public async Task Every_bar_has_the_same_chance_to_be_in_a_sample()
    {
        await SeedAsync([]);
        var hits = new Dictionary<long, int>();
        for (int seed = 0; seed < 300; seed++)
        {
            foreach (BarDifference bar in await CompareAsync(
                new HistoryComparison(_store, new ScriptedFetcher(), Stream, new TimeRange(0, 9 * 60)) { SampleSize = 3, Seed = seed }))
            {
                hits[bar.Timestamp] = hits.GetValueOrDefault(bar.Timestamp) + 1;
            }
        }

        Assert.Equal(900, hits.Values.Sum());
        Assert.All(Bars(0, 10), open => Assert.InRange(hits[open], 60, 120));
    }

    [Fact]
    public async Task A_source_that_fails_is_an_error_after_the_differences_of_the_pages_that_came()
    {
        await SeedAsync(Bars(0, 2000), (60, -1));
        var fetcher = new ScriptedFetcher { Answer = (range, _, honest, _) => range.Start > 0 ? throw new SourceException("gone") : Task.FromResult(honest) };
        var found = new List<BarDifference>();
        SourceException error = await Assert.ThrowsAsync<SourceException>(async () =>
        {
            await foreach (BarDifference difference in new HistoryComparison(_store, fetcher, Stream, new TimeRange(0, 1999 * 60)).RunAsync(timeProvider: Clock))
            {
                found.Add(difference);
            }
        });
        Assert.Equal("gone", error.Message);
        Assert.Equal(60, Assert.Single(found).Timestamp);
    }

    [Fact]
    public void A_sample_cannot_be_repaired() => Assert.Throws<ArgumentException>(() =>
        new HistoryComparison(_store, new ScriptedFetcher(), Stream, new TimeRange(0, 60)) { SampleSize = 1, Repair = true }.RunAsync());

    [Fact]
    public async Task A_store_that_cannot_revise_says_so_before_anything_is_written()
    {
        Store.Seed(Stream, 0, 60);
        BackfillResult result = await RunOneAsync(new ScriptedFetcher(), new TimeRange(0, 120), new BackfillOptions { Force = true });
        Assert.IsType<NotSupportedException>(result.Error);
        Assert.Equal([0, 60], Store.Stored(Stream));
    }
}
