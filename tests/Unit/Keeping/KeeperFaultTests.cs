using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Keeping;
using Qmtl.Time;
using Qmtl.Unit.Backfill;

namespace Qmtl.Unit.Keeping;

/// <summary>What nobody reckoned with ends nothing but what it is about.</summary>
public sealed class KeeperFaultTests : KeeperTestBase
{
    private const long Noon = NewYear + (12 * 3600);

    [Fact]
    public async Task A_fault_of_one_stream_holds_up_no_other_and_it_is_asked_for_when_that_has_passed()
    {
        var source = new FaultySource { Faulty = "ETHUSDT" };
        var declared = new KeptSource { Name = "s", Opened = source };
        Start(Declare(Kept("BTCUSDT", declared, start: Noon - 600), Kept("ETHUSDT", declared, start: Noon - 600)));

        await PassAsync(TimeSpan.FromMinutes(10));
        Assert.Equal(20, (await StoredAsync("BTCUSDT")).Length);
        Assert.Empty(await StoredAsync("ETHUSDT"));
        Assert.Contains(Outcomes, outcome => outcome.Result.Error is InvalidCastException);

        source.Faulty = null;
        await PassAsync(TimeSpan.FromMinutes(6));
        Assert.Equal(await StoredAsync("BTCUSDT"), await StoredAsync("ETHUSDT"));
        Assert.Null(Keeper!.WhyNotLive());
    }

    [Fact]
    public async Task A_fault_of_a_whole_visit_is_logged_and_all_its_streams_come_again()
    {
        // The engine asks for the name before it does anything, and lets what is no word of a source through.
        var source = new FaultySource { FaultsOfName = 3 };
        var declared = new KeptSource { Name = "s", Opened = source };
        Start(Declare(Kept("BTCUSDT", declared, start: Noon - 600), Kept("ETHUSDT", declared, start: Noon - 600)));

        await PassAsync(TimeSpan.FromMinutes(5));

        Assert.NotEmpty(Log.Named("keep.fault"));
        Assert.Equal(15, (await StoredAsync("BTCUSDT")).Length);
        Assert.Equal(15, (await StoredAsync("ETHUSDT")).Length);
    }

    [Fact]
    public async Task Whoever_is_told_and_throws_ends_nothing()
    {
        Listener = _ => throw new InvalidCastException("nobody reckoned with that");
        Start(Declare(Kept("BTCUSDT", new KeptSource { Name = "s", Opened = new ScriptedFetcher() }, start: Noon - 600)));

        await PassAsync(TimeSpan.FromMinutes(5));

        Assert.NotEmpty(Log.Named("keep.fault"));
        Assert.Equal(15, (await StoredAsync("BTCUSDT")).Length);
    }

    [Fact]
    public async Task Streams_that_another_run_fills_hold_up_no_other_history_and_are_gone_through_when_it_has_ended()
    {
        var declared = new KeptSource { Name = "s", Opened = new ScriptedFetcher { BarsPerRequest = 10 } };
        StreamKey[] busy = [Key("A"), Key("B"), Key("C")];
        await using IHistoryStore other = HistoryStoreFactory.Open(StorePath);
        await using (StreamClaims held = await other.TryClaimManyAsync(busy))
        {
            Start(Declare([.. busy.Append(Key("D")).Select(stream => Kept(stream.NodeId, declared, start: Noon - 7200))]));
            await PassAsync(TimeSpan.FromMinutes(3));
            Assert.Equal(120 + 3, (await StoredAsync("D")).Length);
            Assert.Empty(await StoredAsync("A"));
        }

        await PassAsync(TimeSpan.FromMinutes(5));
        Assert.Equal(120 + 8, (await StoredAsync("D")).Length);
        Assert.All(busy, stream => Assert.Equal(120 + 8, StoredAsync(stream.NodeId).Result.Length));
    }

    [Fact]
    public async Task What_cannot_be_written_any_more_ends_the_work()
    {
        var queue = new KeepOutcomeQueue();
        var stream = Kept("BTCUSDT", new KeptSource { Name = "s", Opened = new ScriptedFetcher() });
        queue.Add(new KeepOutcome(stream, new BackfillResult
        {
            Stream = stream.Stream,
            Range = new TimeRange(Noon, Noon),
            Status = BackfillStatus.Completed,
            BarsWritten = 1,
        }));
        bool isStopped = false;

        IOException error = await Assert.ThrowsAsync<IOException>(() => queue.WriteWhileAsync(
            async stop =>
            {
                await Task.Delay(Timeout.Infinite, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                isStopped = true;
            },
            _ => throw new IOException("Broken pipe"),
            CancellationToken.None));

        Assert.Equal(("Broken pipe", true), (error.Message, isStopped));
    }

    private sealed class FaultySource : IDataFetcher
    {
        private readonly ScriptedFetcher _honest = new();

        public string? Faulty { get; set; }

        public int FaultsOfName { get; set; }

        public string Name => "s";

        public int? BarsPerRequest => 100;

        public string GetName(StreamKey stream) =>
            FaultsOfName-- > 0 ? throw new InvalidCastException("nobody reckoned with that") : Name;

        public int? GetBarsPerRequest(StreamKey stream, long start) =>
            stream.NodeId == Faulty ? throw new InvalidCastException("nobody reckoned with that") : BarsPerRequest;

        public Task<RawBars> FetchAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken) =>
            _honest.FetchAsync(stream, range, cancellationToken);
    }
}
