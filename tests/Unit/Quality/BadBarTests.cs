using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Quality;
using Qmtl.Time;
using Qmtl.Unit.Backfill;
using static Qmtl.Unit.Fixtures.Columns;

namespace Qmtl.Unit.Quality;

/// <summary>What a backfill does with bars that contradict themselves.</summary>
public sealed class BadBarTests : BackfillEngineTestBase
{
    [Fact]
    public async Task They_are_stored_by_default_with_a_warning_a_check_that_counts_all_pages()
    {
        BackfillResult result = await RunOneAsync(Source(), new TimeRange(0, 60 * 19));

        Assert.Equal((BackfillStatus.Completed, 20L), (result.Status, result.BarsWritten));
        Assert.Equal(
            [
                "4 bars contradict themselves (HighBelowLow; the first is 1970-01-01T00:03:00Z: high is 1 and should be at least the low, 2); stored as "
                    + "they came, which -OnBadBar (--on-bad-bar) changes, and Test-QmtlHistory (qmtl test) lists them",
                "1 bar contradicts itself (NegativeVolume; the first is 1970-01-01T00:07:00Z: volume is -5 and should be 0 or more); stored as they "
                    + "came, which -OnBadBar (--on-bad-bar) changes, and Test-QmtlHistory (qmtl test) lists them",
            ],
            Events.OfType<BackfillSourceNote>().Select(told => told.Note.Text));
        Assert.All(Events.OfType<BackfillSourceNote>(), told => Assert.Equal((SourceNoteKind.BadBars, true), (told.Note.Kind, told.Note.IsWarning)));
    }

    [Fact]
    public async Task They_are_stored_without_a_word_where_that_is_asked_for()
    {
        BackfillResult result = await RunOneAsync(Source(), new TimeRange(0, 60 * 19), new BackfillOptions { OnBadBar = BadBars.Store });

        Assert.Equal(20, result.BarsWritten);
        Assert.DoesNotContain(Events, happened => happened is BackfillSourceNote);
    }

    [Fact]
    public async Task Refused_they_fail_their_range_and_nothing_of_their_page_is_stored()
    {
        var options = new BackfillOptions { OnBadBar = BadBars.Refuse, ThrottleLimit = 1 };

        BackfillResult result = await RunOneAsync(Source(), new TimeRange(0, 60 * 19), options);

        Assert.Equal(BackfillStatus.Failed, result.Status);
        Assert.Equal(0, result.BarsWritten);
        Assert.True((await Store.GetCoverageAsync(Stream)).IsEmpty);
        Assert.Equal(
            "scripted gave a bar of BTCUSDT 1m that contradicts itself: at 1970-01-01T00:03:00Z high is 1 and should be at least the low, 2. Nothing of "
                + "its page was stored. Mend the source, ask for the range without the bar, or take it as it is with -OnBadBar Warn (--on-bad-bar warn).",
            Assert.IsType<SourceException>(result.Error).Message);
    }

    [Fact]
    public async Task A_range_without_them_is_stored_where_they_are_refused()
    {
        BackfillResult result = await RunOneAsync(Source(), new TimeRange(0, 120), new BackfillOptions { OnBadBar = BadBars.Refuse });

        Assert.Equal((BackfillStatus.Completed, 3L), (result.Status, result.BarsWritten));
    }

    [Fact]
    public void An_unknown_choice_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new BackfillEngine(new BackfillOptions { OnBadBar = (BadBars)7 }));

    // Every fifth minute, from the third on, has its high below its low, and the seventh a negative volume.
    private static ScriptedFetcher Source() => new()
    {
        BarsPerRequest = 5,
        Answer = static (_, _, honest, _) =>
        {
            long[] minutes = [.. honest.Timestamps.ToArray().Select(static time => time / 60)];
            return Task.FromResult(new RawBars(honest.Timestamps,
            [
                Doubles("high", [.. minutes.Select(static minute => minute % 5 == 3 ? 1.0 : 3)]),
                Doubles("low", [.. minutes.Select(static _ => 2.0)]),
                Doubles("volume", [.. minutes.Select(static minute => minute == 7 ? -5.0 : 5)]),
            ]));
        },
    };
}
