using Microsoft.Extensions.Time.Testing;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Strategies;
using Qmtl.Streams;
using Qmtl.Time;
using Qmtl.Unit.Streams;

namespace Qmtl.Unit.Strategies;

/// <summary>Replays over a range, read from providers page by page.</summary>
public class RangeReplayTests
{
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.FromUnixTimeSeconds(1000 * 60));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Pages_of_different_sizes_merge_by_their_opens(bool parallel)
    {
        var first = new ScriptedProvider { Pages = range => Pages(range, 3) };
        var second = new ScriptedProvider { Pages = range => Pages(range, 50) };
        StreamInput one = Stream("ONE", first);
        StreamInput two = Stream("TWO", second);
        var pipeline = new Pipeline([one, two, Graphs.Sum("one", one), Graphs.Sum("two", two)], new PipelineOptions { Parallel = parallel, BarsPerBatch = 16 });
        var results = new List<string>();

        await pipeline.ReplayAsync(Bars.Minutes(100, 299), result => results.Add(Graphs.Line(result)));

        Assert.Equal(Enumerable.Range(100, 200).SelectMany(minute => new[] { $"one@{minute}={minute}", $"two@{minute}={minute}" }), results);
        Assert.Equal([Bars.Minutes(100, 299)], first.Fetches);
        Assert.Empty(first.Fills);
        Assert.Equal(0, one.Cache.Count(one.Key));
    }

    [Fact]
    public async Task No_more_than_one_page_a_stream_is_read_ahead()
    {
        int pages = 0;
        var provider = new ScriptedProvider { Pages = range => Pages(range, 10).Select(page => { pages++; return page; }) };
        StreamInput stream = Stream("S", provider);
        var pipeline = new Pipeline([Graphs.Sum("sum", stream)], new PipelineOptions { BarsPerBatch = 5 });
        int results = 0;
        int ahead = 0;

        await pipeline.ReplayAsync(Bars.Minutes(0, 499), _ => ahead = Math.Max(ahead, pages * 10 - results++));

        Assert.Equal((500, 50), (results, pages));
        Assert.InRange(ahead, 1, 20);
    }

    [Fact]
    public async Task Off_grid_ends_are_moved_inward_and_forming_bars_left_out()
    {
        var provider = new ScriptedProvider { Pages = range => Pages(range, 10) };
        StreamInput stream = Stream("S", provider);
        var results = new List<string>();

        await new Pipeline([Graphs.Sum("sum", stream)]).ReplayAsync(new TimeRange(997 * 60 + 1, 1005 * 60), result => results.Add(Graphs.Line(result)));

        Assert.Equal(["sum@998=998", "sum@999=999"], results);
    }

    [Fact]
    public async Task A_stream_without_provider_ends_it_before_anything_is_read()
    {
        var provider = new ScriptedProvider();
        StreamInput with = Stream("WITH", provider);
        StreamInput without = Stream("WITHOUT", null);
        var pipeline = new Pipeline([Graphs.Sum("sum", with, without)]);

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => pipeline.ReplayAsync(Bars.Minutes(0, 9), _ => { }));

        Assert.Contains("WITHOUT 1m has no history provider", error.Message, StringComparison.Ordinal);
        Assert.Empty(provider.Fetches);
    }

    [Fact]
    public async Task A_provider_that_answers_nonsense_ends_it_in_words_after_what_came_before()
    {
        var provider = new ScriptedProvider { Pages = _ => [Bars.AtMinutes(0, 1, 2), null] };
        StreamInput stream = Stream("S", provider);
        var pipeline = new Pipeline([Graphs.Sum("sum", stream)], new PipelineOptions { BarsPerBatch = 2 });
        var results = new List<string>();

        var error = await Assert.ThrowsAsync<SourceException>(() => pipeline.ReplayAsync(Bars.Minutes(0, 9), result => results.Add(Graphs.Line(result))));

        Assert.Contains("a null page", error.Message, StringComparison.Ordinal);
        Assert.Equal(["sum@0=0", "sum@1=1"], results);
    }

    [Fact]
    public async Task Results_can_be_taken_one_at_a_time_and_left()
    {
        int pages = 0;
        var provider = new ScriptedProvider { Pages = range => Pages(range, 10).Select(page => { pages++; return page; }) };
        StreamInput stream = Stream("S", provider);
        var pipeline = new Pipeline([Graphs.Sum("sum", stream)], new PipelineOptions { BarsPerBatch = 5 });
        var results = new List<string>();

        await foreach (NodeResult result in pipeline.ReplayAsync(Bars.Minutes(0, 499)))
        {
            results.Add(Graphs.Line(result));
            if (results.Count == 12)
            {
                break;
            }
        }

        Assert.Equal("sum@11=11", results[^1]);
        Assert.InRange(pages, 2, 4);
        Assert.Equal(500, await pipeline.ReplayAsync(Bars.Minutes(0, 499)).CountAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Batches_run_where_the_executor_wants_them(bool parallel)
    {
        StreamInput stream = Stream("S", new ScriptedProvider { Pages = range => Pages(range, 10) });
        int running = 0;
        int batches = 0;
        var options = new PipelineOptions
        {
            Parallel = parallel,
            BarsPerBatch = 20,
            Executor = async work =>
            {
                await Task.Yield();
                batches++;
                running++;
                work();
                running--;
            },
        };
        var outside = new List<string>();
        var node = new ComputeNode("node", [stream], _ => running);

        await new Pipeline([node], options).ReplayAsync(Bars.Minutes(0, 99), result => outside.AddRange(running == 1 && result.Payload.Number == 1 ? [] : [Graphs.Line(result)]));

        Assert.Empty(outside);
        Assert.InRange(batches, 5, 6);
    }

    private static IEnumerable<BarFrame> Pages(TimeRange range, int bars) =>
        Enumerable.Range((int)(range.Start / 60), (int)range.CountBars(Bars.Minute)).Chunk(bars).Select(minutes => Bars.AtMinutes(minutes));

    private StreamInput Stream(string id, ScriptedProvider? provider) =>
        new(new StreamInputOptions { NodeId = id, Interval = Bars.Minute, Period = 10, HistoryProvider = provider }, _clock);
}
