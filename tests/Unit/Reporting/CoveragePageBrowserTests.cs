using System.Globalization;
using Microsoft.Extensions.Time.Testing;
using OpenQA.Selenium;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Reporting;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;
using Xunit.Abstractions;

namespace Qmtl.Unit.Reporting;

/// <summary>The page in a real browser.</summary>
public sealed class CoveragePageBrowserTests(ITestOutputHelper output)
{
    private static readonly DateTimeOffset Now = UnixTime.FromSeconds(HeldHistory.NewYear + (3 * 86400));

    [BrowserFact]
    public async Task The_numbers_on_the_page_are_those_of_the_objects()
    {
        HeldHistory history = Sample();
        using Browser browser = await OpenAsync(history);

        TimeRangeSet[] stored = await Task.WhenAll(history.Streams.Select(stream => history.GetCoverageAsync(stream)));
        TimeRangeSet[] gaps = await Task.WhenAll(history.Streams.Zip(stored).Select(pair => GapFinder.FindAsync(
            history, pair.First, new TimeRange(pair.Second[0].Start, pair.First.Interval.LastClosedBar(Now)))));
        long bars = stored.Sum(set => set.BarCount);
        long behind = gaps.Zip(stored).Sum(pair => pair.First.Where(gap => gap.Start > pair.Second[^1].End).Sum(gap => gap.CountBars(pair.First.Interval)));
        long missing = gaps.Sum(set => set.BarCount) - behind;
        Assert.Equal(["3", "2 nodes"], browser.TextsOf("#total-streams dd"));
        Assert.Equal(Count(bars), browser.TextsOf("#total-bars dd")[0]);
        Assert.Equal([Count(missing), "in 3 gaps"], browser.TextsOf("#total-missing dd"));
        Assert.Equal("2", browser.TextsOf("#total-empty dd")[0]);
        Assert.Equal(["1", $"2 behind by {Count(behind)} bars"], browser.TextsOf("#total-fresh dd"));
        Assert.Equal(["2", "in 1 stream"], browser.TextsOf("#total-findings dd"));

        Assert.Equal(
            history.Streams.Zip(stored).Select(pair => $"{pair.First.NodeId}|{pair.First.Interval}|{Count(pair.Second.BarCount)}"),
            Rows(browser, "#streams-table", 0, 1, 4));
        Assert.Equal(
            history.Streams.Zip(gaps).SelectMany(pair => pair.Second.Select(gap => (Stream: pair.First, Gap: gap, Bars: gap.CountBars(pair.First.Interval))))
                .OrderByDescending(row => row.Bars)
                .Select(row => $"{row.Stream.NodeId}|{row.Stream.Interval}|{Time(row.Gap.Start)}|{Time(row.Gap.End)}|{Count(row.Bars)}"),
            Rows(browser, "#gaps-table", 0, 1, 2, 3, 4));
        Assert.Equal(
            ["ETH|1m|high below low|2024-01-01 00:05|2024-01-01 00:07|The high is below the low.", "ETH|1m|short|||The stream is <b>short</b>."],
            Rows(browser, "#findings-table", 0, 1, 2, 3, 4, 5));
        RequireQuiet(browser);
    }

    [BrowserFact]
    public async Task A_click_opens_the_candles_and_the_keyboard_reads_them()
    {
        using Browser browser = await OpenAsync(Sample());

        browser.Click("#streams-table tbody tr:nth-child(3) button");
        browser.WaitUntil("document.getElementById('stream').open");
        Assert.Equal(["ETH 1m"], browser.TextsOf("#stream-title"));
        browser.WaitUntil("document.querySelector('#chart canvas')");
        browser.Click("#chart");
        browser.Press(Keys.Home);
        Assert.Equal(["2024-01-01 00:00  open 100.00  high 101.50  low 98.75  close 100.50  volume 10"], browser.TextsOf("#chart-at"));
        browser.Press(Keys.ArrowRight);
        Assert.Equal(["2024-01-01 00:01  open 101.00  high 102.50  low 99.75  close 101.50  volume 11"], browser.TextsOf("#chart-at"));
        browser.Press(Keys.End);
        Assert.StartsWith("2024-01-01 00:49  open", browser.TextsOf("#chart-at")[0], StringComparison.Ordinal);
        Assert.Equal(3L, browser.Evaluate("document.querySelectorAll('#stream-gaps tbody tr').length"));
        browser.Press(Keys.Escape);
        browser.WaitUntil("!document.getElementById('stream').open");
        Assert.Equal("ETH", browser.Focused.Text);

        browser.Press(Keys.Home);
        browser.Press(Keys.ArrowDown);
        Assert.Equal("BTC", browser.Focused.Text);
        browser.Press(Keys.Enter);
        browser.WaitUntil("document.getElementById('stream').open");
        Assert.Equal(["BTC 1h"], browser.TextsOf("#stream-title"));
        browser.Click("#stream-close");
        Assert.Equal(false, browser.Evaluate("document.getElementById('stream').open"));
        RequireQuiet(browser);
    }

    [BrowserFact]
    public async Task Tables_sort_and_filter()
    {
        using Browser browser = await OpenAsync(Sample());

        browser.Click("#streams-table th:nth-child(1) button");
        browser.Click("#streams-table th:nth-child(1) button");
        Assert.Equal(["ETH", "BTC", "BTC"], Rows(browser, "#streams-table", 0));
        Assert.Equal("descending", browser.Text("document.querySelector('#streams-table th').getAttribute('aria-sort')"));
        browser.Fill("#streams-filter", "btc 1H");
        Assert.Equal(["BTC|1h"], Rows(browser, "#streams-table", 0, 1));
        Assert.Equal(["1 of 3 streams"], browser.TextsOf("#streams-count"));
        browser.Fill("#streams-filter", "no such stream");
        Assert.Equal(["No stream is like that."], browser.TextsOf("#streams-table tbody td"));

        Assert.Equal(5, Rows(browser, "#gaps-table", 0).Length);
        browser.Fill("#gaps-least", "10");
        Assert.All(Rows(browser, "#gaps-table", 4), bars => Assert.True(int.Parse(bars, NumberStyles.AllowThousands, CultureInfo.InvariantCulture) >= 10));
        browser.Fill("#gaps-least", "1");
        browser.Fill("#gaps-filter", "eth 00:10");
        Assert.Equal(["ETH|1m|2024-01-01 00:10|2024-01-01 00:11|2"], Rows(browser, "#gaps-table", 0, 1, 2, 3, 4));
        Assert.Equal(["2 bars in 1 gap, of which 0 are not there yet"], browser.TextsOf("#gaps-count"));
        RequireQuiet(browser);
    }

    [BrowserFact]
    public async Task Timelines_zoom_by_buttons_and_keys_and_tell_what_is_under_the_pointer()
    {
        using Browser browser = await OpenAsync(Sample());

        string all = browser.TextsOf("#shown")[0];
        browser.Click("#zoom button[aria-label='Zoom in']");
        Assert.NotEqual(all, browser.TextsOf("#shown")[0]);
        browser.Click("#spans button:last-child");
        Assert.Equal(all, browser.TextsOf("#shown")[0]);
        browser.Evaluate("document.querySelector('#streams-table tbody button').focus()");
        browser.Press("+");
        Assert.NotEqual(all, browser.TextsOf("#shown")[0]);
        browser.Press("0");
        Assert.Equal(all, browser.TextsOf("#shown")[0]);

        Assert.Equal("2024-01-01 00:10 to 2024-01-01 00:11: 2 bars missing", browser.Text($"stateAt(streams[2], {HeldHistory.NewYear + 650})"));
        Assert.Equal("2024-01-01 00:20 to 2024-01-01 00:21: 2 bars known not to exist", browser.Text($"stateAt(streams[2], {HeldHistory.NewYear + 1230})"));
        Assert.Equal("stored", browser.Text($"stateAt(streams[2], {HeldHistory.NewYear + 60})"));
        RequireQuiet(browser);
    }

    [BrowserFact]
    public async Task It_follows_the_systems_colours_and_the_switch()
    {
        using Browser browser = await OpenAsync(Sample());
        string Ground() => browser.Text("getComputedStyle(document.body).backgroundColor");

        browser.Emulate("light");
        string light = Ground();
        browser.Emulate("dark");
        string dark = Ground();
        Assert.NotEqual(light, dark);
        browser.Click("#theme label:nth-of-type(2)");
        Assert.Equal(light, Ground());
        browser.Emulate("light");
        browser.Click("#theme label:nth-of-type(3)");
        Assert.Equal(dark, Ground());
        Assert.Equal(browser.Text("colours.stored"), browser.Text("(readColours(), colours.stored)"));
        browser.Emulate("dark", "print");
        Assert.Equal("rgba(0, 0, 0, 0)", Ground());
        RequireQuiet(browser);
    }

    [BrowserFact]
    public async Task A_phone_needs_no_sideways_scrolling_and_paper_has_the_rows()
    {
        HeldHistory history = Sample();
        history.Add($"a_name_that_goes_on_{new string('x', 200)}", "1d", [0, 1, 2]);
        for (int i = 0; i < 400; i++)
        {
            history.Add($"N{i}", "1h", [0, 1, 3]);
        }

        using Browser browser = await OpenAsync(history);
        browser.Resize(390, 844);
        browser.WaitUntil("innerWidth === 390");
        Assert.True((long)browser.Evaluate("document.documentElement.scrollWidth")! <= 390);
        browser.Click("#streams-table tbody tr:nth-child(4) button");
        browser.WaitUntil("document.getElementById('stream').open");
        Assert.True((long)browser.Evaluate("document.getElementById('stream').scrollWidth")! <= 390);
        browser.Press(Keys.Escape);

        browser.Evaluate("dispatchEvent(new Event('beforeprint'))");
        Assert.Equal(300L, browser.Evaluate("document.querySelectorAll('#streams-table tbody tr').length"));
        Assert.Equal(["The first 300 of 404 on paper."], browser.TextsOf("#streams-table .paper"));
        browser.Evaluate("dispatchEvent(new Event('afterprint'))");
        Assert.True((long)browser.Evaluate("document.querySelectorAll('#streams-table tbody tr').length")! < 100);
        RequireQuiet(browser);
    }

    [BrowserFact]
    public async Task Text_from_outside_stays_text()
    {
        const string Evil = "</script><img src=x onerror=\"document.title='taken'\"><!--";
        var history = new HeldHistory();
        StreamKey stream = history.Add(Evil, "1m", [0, 1, 3]);
        history.Add("{{script}}", "1m", [0]);
        using Browser browser = await OpenAsync(history, new CoveragePageOptions
        {
            Title = $"<b>{Evil}",
            Findings = [new ReportFinding(stream, Evil, null, Evil)],
        });

        Assert.Equal([Evil, "{{script}}"], Rows(browser, "#streams-table", 0));
        Assert.Equal([$"{Evil}|1m|{Evil}|||{Evil}"], Rows(browser, "#findings-table", 0, 1, 2, 3, 4, 5));
        Assert.Equal($"<b>{Evil}", browser.Text("document.title"));
        browser.Click("#streams-table tbody button");
        browser.WaitUntil("document.getElementById('stream').open");
        Assert.Equal([$"{Evil} 1m"], browser.TextsOf("#stream-title"));
        Assert.Equal(0L, browser.Evaluate("document.querySelectorAll('img, b:not(#tip b)').length"));
        RequireQuiet(browser);

        // And the policy holds: a script that got in would not run.
        browser.Evaluate("document.body.append(Object.assign(document.createElement('script'), { textContent: 'document.title = \"taken\"' }))");
        Assert.Equal($"<b>{Evil}", browser.Text("document.title"));
        Assert.Contains(browser.TakeConsole(), line => line.Contains("Content Security Policy", StringComparison.Ordinal));
    }

    [BrowserFact]
    public async Task Five_thousand_streams_are_soon_there()
    {
        var history = new HeldHistory();
        for (int i = 0; i < 5000; i++)
        {
            int[] bars = [.. Enumerable.Range(0, 400).Where(bar => bar % (20 + (i % 60)) != 7)];
            history.Add($"NODE{i:0000}", i % 2 == 0 ? "1m" : "5m", bars);
        }

        using var folder = new TemporaryFolder();
        string path = folder.File("report.html");
        CoveragePageResult result = await CoveragePage.WriteAsync(history, history.Streams, path, new CoveragePageOptions { TimeProvider = new FakeTimeProvider(Now) });
        using var browser = new Browser();
        int first = browser.Open(path);
        int second = browser.Open(path);

        output.WriteLine($"{result.Bytes:N0} bytes, {result.Gaps:N0} gaps; drawn after {first} ms and, with the browser warm, {second} ms");
        Assert.Equal("5,000", browser.TextsOf("#total-streams dd")[0]);
        Assert.True((long)browser.Evaluate("document.querySelectorAll('*').length")! < 2500);
        browser.Evaluate("document.querySelector('#streams-table tbody button').focus()");
        browser.Press(Keys.End);
        Assert.Equal("NODE4999", browser.Focused.Text);
        browser.Press(Keys.Enter);
        browser.WaitUntil("document.getElementById('stream').open && document.querySelector('#chart canvas')");
        RequireQuiet(browser);
    }

    private static HeldHistory Sample()
    {
        var history = new HeldHistory();
        history.Add("BTC", "1m", Enumerable.Range(0, 3 * 1440).Where(minute => minute is < 100 or > 300));
        history.Add("BTC", "1h", Enumerable.Range(0, 20));
        history.Add("ETH", "1m", Enumerable.Range(0, 50).Except([10, 11, 20, 21, 30]), empty: [20, 21]);
        return history;
    }

    private static Task<Browser> OpenAsync(HeldHistory history) => OpenAsync(history, new CoveragePageOptions
    {
        Findings =
        [
            new ReportFinding(history.Streams[^1].NodeId == "ETH" ? history.Streams[^1] : history.Streams[2], "high below low",
                new TimeRange(HeldHistory.NewYear + 300, HeldHistory.NewYear + 420), "The high is below the low."),
            new ReportFinding(history.Streams[2], "short", null, "The stream is <b>short</b>."),
            new ReportFinding(new StreamKey("elsewhere", BarInterval.FromSeconds(60)), "short", null, "Of a stream that is not in the report."),
        ],
    });

    private static async Task<Browser> OpenAsync(HeldHistory history, CoveragePageOptions options)
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("report with a blank.html");
        await CoveragePage.WriteAsync(history, history.Streams, path, options with { TimeProvider = new FakeTimeProvider(Now) });
        var browser = new Browser();
        browser.Open(path);
        return browser;
    }

    private static string[] Rows(Browser browser, string table, params int[] columns) => browser.Texts(
        $"[...document.querySelectorAll('{table} tbody tr[data-row]')].map(row => [{string.Join(',', columns)}].map(i => row.cells[i].textContent).join('|'))");

    private static string Count(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    private static string Time(long timestamp) => UnixTime.Format(timestamp)[..16].Replace('T', ' ');

    private static void RequireQuiet(Browser browser)
    {
        Assert.Empty(browser.TakeConsole());
        Assert.Equal(0L, browser.Evaluate("performance.getEntriesByType('resource').length"));
    }
}
