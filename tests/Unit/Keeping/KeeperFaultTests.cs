using Qmtl.Data;
using Qmtl.Fetching;
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
