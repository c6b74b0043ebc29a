using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Time;

namespace Qmtl.Unit.Fetching;

public class DelegateFetcherTests
{
    private static readonly StreamKey Stream = new("N", BarInterval.Parse("1m"));

    [Fact]
    public async Task The_function_is_asked_with_what_the_fetcher_was_asked_with()
    {
        using var cancellation = new CancellationTokenSource();
        (StreamKey, TimeRange, CancellationToken)? asked = null;
        RawBars answer = RawBars.FromRows([new { ts = 60, close = 1.5 }]);
        var fetcher = new DelegateFetcher("mine", (stream, range, token) =>
        {
            asked = (stream, range, token);
            return Task.FromResult(answer);
        });

        Assert.Same(answer, await fetcher.FetchAsync(Stream, new TimeRange(60, 120), cancellation.Token));
        Assert.Equal((Stream, new TimeRange(60, 120), cancellation.Token), asked);
    }

    [Fact]
    public void Name_and_hints_are_those_given()
    {
        var plain = new DelegateFetcher("mine", (_, _, _) => Task.FromResult(RawBars.Empty));
        var hinted = new DelegateFetcher("mine", (_, _, _) => Task.FromResult(RawBars.Empty), 500, stream => stream.NodeId.Length);

        Assert.Equal(("mine", null, null), (plain.Name, plain.BarsPerRequest, plain.GetEarliestBar(Stream)));
        Assert.Equal((500, 1), (hinted.BarsPerRequest, hinted.GetEarliestBar(Stream)));
        Assert.Throws<ArgumentException>(() => new DelegateFetcher(" ", (_, _, _) => Task.FromResult(RawBars.Empty)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new DelegateFetcher("mine", (_, _, _) => Task.FromResult(RawBars.Empty), 0));
    }

    [Fact]
    public async Task A_null_answer_is_handed_on_to_the_engine_which_refuses_it() =>
        Assert.Null(await new DelegateFetcher("mine", (_, _, _) => Task.FromResult<RawBars>(null!)).FetchAsync(Stream, new TimeRange(0, 0), CancellationToken.None));
}
