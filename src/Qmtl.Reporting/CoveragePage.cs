using System.Text;
using System.Text.Json;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Messages;
using Qmtl.Output;
using Qmtl.Time;

namespace Qmtl.Reporting;

/// <summary>
/// Writes one HTML page of what a provider holds: timelines, gaps, candles, findings. It needs no network and nothing beside it, and its
/// size is bounded: of very many gaps, neighbours are shown as one, and bars are drawn together in candles.
/// </summary>
public static class CoveragePage
{
    // Together some ten megabytes of page, which a browser reads in a second.
    private const int MostRanges = 200_000;
    private const int MostCandles = 300_000;
    private const int MostFindings = 20_000;

    // Half a minute of reading; with more streams or longer ones, candles show the last bars of each.
    private const long MostBarsRead = 20_000_000;

    private const string Example = "report.html";

    /// <summary>Checks a path before any work is done for it.</summary>
    /// <exception cref="ArgumentException">It is a folder, or lies in none that exists.</exception>
    public static void Validate(string path) => ReplacedFile.Validate(path, Example);

    /// <summary>Looks at the streams and writes the page.</summary>
    /// <param name="provider">Whose history.</param>
    /// <param name="streams">The streams, in the order in which they are shown.</param>
    /// <param name="path">Where to; a file that is there is replaced at one stroke.</param>
    /// <param name="options">What is shown; null for the defaults.</param>
    /// <param name="cancellationToken">Ends it; the old file then stays.</param>
    /// <exception cref="ArgumentException">As <see cref="Validate"/> says, or the range cannot be looked at.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be written.</exception>
    public static async Task<CoveragePageResult> WriteAsync(
        IHistoryProvider provider,
        IReadOnlyList<StreamKey> streams,
        string path,
        CoveragePageOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(provider);
        ArgumentNullException.ThrowIfNull(streams);
        options ??= new CoveragePageOptions();
        Validate(path);
        DateTimeOffset now = options.TimeProvider.GetUtcNow();
        var shown = new List<ReportStream>(streams.Count);
        int most = Math.Clamp(MostRanges / Math.Max(1, streams.Count), 4, 5000);
        int steps = streams.Count * (options.Candles > 0 ? 2 : 1);
        foreach (StreamKey stream in streams)
        {
            DateTimeOffset? start = options.Last?.StartOf(stream.Interval, options.End, now) ?? options.Start;
            StreamSummary summary = await StreamSummary.FindAsync(
                provider, stream, start, options.End, now, cancellationToken: cancellationToken);
            shown.Add(new ReportStream(summary, most, provider.Options.LastSettledBar(stream.Interval, now)));
            options.OnProgress?.Invoke(shown.Count, steps);
        }

        await ReplacedFile.WriteAsync(path, "The report", async file =>
        {
            string title = PlainText.OneLine(options.Title ?? "History report");
            await using var text = new StreamWriter(file, new UTF8Encoding(false), bufferSize: 64 * 1024, leaveOpen: true);
            foreach ((string? piece, string? place) in PageTemplate.Pieces(title))
            {
                await text.WriteAsync(piece);
                if (place is not null)
                {
                    await text.FlushAsync(cancellationToken);
                    await (place == "data"
                        ? WriteDataAsync(file, provider, shown, now, title, options, cancellationToken)
                        : WriteCandlesAsync(file, provider, shown, options, cancellationToken));
                }
            }
        });

        return new CoveragePageResult(
            shown.Count,
            shown.Sum(stream => stream.Bars),
            shown.Sum(stream => stream.Missing.BarCount),
            shown.Sum(stream => (long)stream.Missing.Count),
            shown.Sum(stream => stream.Behind.BarCount),
            new FileInfo(path).Length);
    }

    private static async Task WriteDataAsync(
        Stream page,
        IHistoryProvider provider,
        List<ReportStream> streams,
        DateTimeOffset now,
        string title,
        CoveragePageOptions options,
        CancellationToken cancellationToken)
    {
        BarInterval[] intervals = [.. streams.Select(stream => stream.Stream.Interval).Distinct().Order()];
        Dictionary<BarInterval, int> indexes = intervals.Index().ToDictionary(pair => pair.Item, pair => pair.Index);

        // The default encoder writes < > & ' out, so that no text can end the element that the data are in.
        await using var json = new Utf8JsonWriter(page);
        json.WriteStartObject();
        json.WriteString("title", title);
        json.WriteString("store", PlainText.OneLine(provider.DisplayName));
        json.WriteNumber("now", now.ToUnixTimeSeconds());
        json.WriteString("version", typeof(CoveragePage).Assembly.GetName().Version?.ToString(3));
        json.WriteStartArray("intervals");
        foreach (BarInterval interval in intervals)
        {
            json.WriteStartArray();
            json.WriteStringValue(interval.ToString());
            json.WriteNumberValue(interval.Seconds);
            json.WriteEndArray();
        }

        json.WriteEndArray();
        json.WriteStartArray("streams");
        foreach (ReportStream stream in streams)
        {
            stream.WriteTo(json, indexes);
            await FlushAsync(json, cancellationToken);
        }

        json.WriteEndArray();
        WriteFindings(json, streams, options.Findings);
        json.WriteEndObject();
    }

    private static void WriteFindings(Utf8JsonWriter json, List<ReportStream> streams, IReadOnlyList<ReportFinding>? findings)
    {
        if (findings is null)
        {
            json.WriteNull("findings");
            return;
        }

        Dictionary<StreamKey, int> indexes = [];
        foreach ((int index, ReportStream stream) in streams.Index())
        {
            indexes.TryAdd(stream.Stream, index);
        }

        int count = 0;
        json.WriteStartArray("findings");
        foreach (ReportFinding finding in findings)
        {
            if (indexes.TryGetValue(finding.Stream, out int stream) && ++count <= MostFindings)
            {
                json.WriteStartArray();
                json.WriteNumberValue(stream);
                json.WriteStringValue(PlainText.OneLine(finding.Rule));
                json.WriteNumberValue(finding.Range?.Start ?? 0);
                json.WriteNumberValue(finding.Range?.End ?? 0);
                json.WriteStringValue(PlainText.OneLine(finding.Text));
                json.WriteEndArray();
            }
        }

        json.WriteEndArray();
        json.WriteNumber("findingCount", count);
    }

    // A line for each stream, so that a browser reads only those that are looked at; an empty one where there is nothing to draw.
    private static async Task WriteCandlesAsync(
        Stream page,
        IHistoryProvider provider,
        List<ReportStream> streams,
        CoveragePageOptions options,
        CancellationToken cancellationToken)
    {
        if (options.Candles == 0 || streams.Count == 0)
        {
            return;
        }

        int most = Math.Clamp(MostCandles / streams.Count, 10, options.Candles);
        long[] shares = CandleWidth.Shares([.. streams.Select(stream => stream.Bars)], MostBarsRead);
        for (int i = 0; i < streams.Count; i++)
        {
            ReportStream stream = streams[i];
            if (stream.Stored is { } stored && shares[i] > 0)
            {
                TimeRange range = shares[i] == stream.Bars
                    ? stored
                    : CandleWidth.LastOf(await provider.GetCoverageAsync(stream.Stream, stored, cancellationToken), shares[i]);
                var candles = new CandleSeries(CandleWidth.For(stream.Stream.Interval, range, most));
                await foreach (BarFrame frame in provider.FetchAsync(stream.Stream, range, cancellationToken))
                {
                    candles.Add(frame);
                }

                await using var json = new Utf8JsonWriter(page);
                candles.WriteTo(json);
            }

            page.WriteByte((byte)'\n');
            options.OnProgress?.Invoke(streams.Count + i + 1, 2 * streams.Count);
        }
    }

    private static async Task FlushAsync(Utf8JsonWriter json, CancellationToken cancellationToken)
    {
        if (json.BytesPending > 64 * 1024)
        {
            await json.FlushAsync(cancellationToken);
        }
    }
}

/// <summary>What a report that was written says in sum.</summary>
/// <param name="Streams">How many streams it shows.</param>
/// <param name="Bars">How many bars are stored.</param>
/// <param name="MissingBars">How many bars are missing before the last one of their stream.</param>
/// <param name="Gaps">In how many gaps.</param>
/// <param name="BarsBehind">How many bars are missing after the last one of their stream.</param>
/// <param name="Bytes">The size of the page.</param>
public sealed record CoveragePageResult(int Streams, long Bars, long MissingBars, long Gaps, long BarsBehind, long Bytes);
