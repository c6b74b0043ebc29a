using Qmtl.Backfill;
using Qmtl.Time;

namespace Qmtl.Unit.Backfill;

/// <summary>What an answer may be believed.</summary>
public sealed class BackfillAnswerTests : BackfillEngineTestBase
{
    [Fact]
    public async Task An_answer_cut_short_by_a_source_that_does_not_say_so_is_completed()
    {
        // Gives the oldest 400 rows of whatever it is asked, as some exchanges do.
        var fetcher = new ScriptedFetcher
        {
            BarsPerRequest = null,
            Answer = (_, _, honest, _) => Task.FromResult(ScriptedFetcher.Bars(honest.Timestamps.ToArray().Take(400))),
        };

        BackfillResult result = await RunOneAsync(fetcher, new TimeRange(0, 60 * 2999));

        Assert.Equal((BackfillStatus.Completed, 3000L, 0L), (result.Status, result.BarsWritten, result.BarsEmpty));
    }

    [Fact]
    public async Task So_is_one_that_gives_the_newest_rows()
    {
        var fetcher = new ScriptedFetcher
        {
            BarsPerRequest = null,
            Holes = [6000, 6060, 120_000],
            Answer = (_, _, honest, _) => Task.FromResult(ScriptedFetcher.Bars(honest.Timestamps.ToArray().TakeLast(300))),
        };

        BackfillResult result = await RunOneAsync(fetcher, new TimeRange(0, 60 * 2999));

        Assert.Equal((BackfillStatus.Completed, 2997L, 3L), (result.Status, result.BarsWritten, result.BarsEmpty));
    }

    [Fact]
    public async Task Bars_before_the_earliest_the_source_has_are_empty_without_a_request()
    {
        var fetcher = new ScriptedFetcher { Earliest = 600 };

        BackfillResult result = await RunOneAsync(fetcher, new TimeRange(0, 900));
        BackfillResult second = await RunOneAsync(fetcher, new TimeRange(0, 900));

        Assert.Equal((6L, 10L, 1), (result.BarsWritten, result.BarsEmpty, result.Requests));
        Assert.Equal([new TimeRange(600, 900)], fetcher.Asked);
        Assert.Equal(0, second.Requests);
    }

    [Fact]
    public async Task Timestamps_of_a_program_that_are_no_seconds_are_refused_with_their_unit()
    {
        var fetcher = new ScriptedFetcher { Answer = (range, _, _, _) => Task.FromResult(ScriptedFetcher.Bars(1_515_560_100_000, 1_515_560_160_000)) };

        BackfillResult result = await RunOneAsync(fetcher, new TimeRange(1_515_560_100, 1_515_560_160));

        Assert.Equal((BackfillStatus.Failed, 0L, 2L), (result.Status, result.BarsEmpty, result.BarsMissing));
        Assert.Contains("as Unix milliseconds it is 2018-01-10T04:55:00Z", result.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lies_are_left_out_and_told_once()
    {
        var fetcher = new ScriptedFetcher
        {
            BarsPerRequest = 5,
            Answer = (range, _, _, _) => Task.FromResult(ScriptedFetcher.Bars(range.Start, range.Start + 1, range.Start, range.End + 60_000)),
        };

        BackfillResult result = await RunOneAsync(fetcher, new TimeRange(0, 540));

        // Of each answer one bar, and what it does not reach is asked for; its repetition, the row a second later and the row far out are
        // left out.
        Assert.Equal((10L, 30L), (result.BarsWritten, result.BarsRejected));
        BackfillRowsRejected told = Assert.Single(Events.OfType<BackfillRowsRejected>());
        Assert.Matches(@"\A10 outside the asked range, 10 off the interval's grid \(1970-01-01T00:0\d:01Z lies inside .*\), 10 repeated\z", told.Rejected.ToString());
    }

    [Fact]
    public async Task An_answer_that_misses_the_question_teaches_nothing()
    {
        // Milliseconds for seconds: every row lies far outside.
        var fetcher = new ScriptedFetcher { Answer = (range, _, _, _) => Task.FromResult(ScriptedFetcher.Bars(range.Start * 1000 + 60_000_000)) };

        BackfillResult result = await RunOneAsync(fetcher, new TimeRange(60, 120));

        Assert.Equal((BackfillStatus.Partial, 0L, 2L), (result.Status, result.BarsEmpty, result.BarsMissing));
    }
}
