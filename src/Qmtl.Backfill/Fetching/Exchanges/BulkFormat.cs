using System.Globalization;
using Qmtl.Time;

namespace Qmtl.Fetching.Exchanges;

/// <summary>
/// Where an exchange publishes months and days as files, and when. A file is a zip of one CSV, with its SHA-256 beside it.
/// </summary>
internal sealed record BulkFormat
{
    // What a file takes: itself, and its checksum.
    private const int RequestsOfFile = 2;

    // A month of seconds would fill the memory; its days do as well.
    private const int MostRows = 100_000;

    private static readonly BarInterval Day = BarInterval.Parse("1d");
    private static readonly BarInterval Month = BarInterval.FromMonths(1);

    /// <summary>Where the files are.</summary>
    public required Uri BaseUri { get; init; }

    /// <summary>The path of a month's file; null where there are none.</summary>
    public string? MonthPath { get; init; }

    /// <summary>The path of a day's file; null where there are none.</summary>
    public string? DayPath { get; init; }

    /// <summary>What follows a file's path in that of its checksum.</summary>
    public required string ChecksumSuffix { get; init; }

    /// <summary>How long after its end a month is published.</summary>
    public TimeSpan MonthLag { get; init; }

    /// <summary>How long after its end a day is published.</summary>
    public TimeSpan DayLag { get; init; }

    /// <summary>Whether a file may begin with a line of names.</summary>
    public bool MayHaveHeader { get; init; }

    /// <summary>Reads the part of a profile that stands under <c>bulk</c>.</summary>
    /// <exception cref="ArgumentException">Something of it is wrong.</exception>
    public static BulkFormat Read(DeclaredNode bulk, CandleFormat rows)
    {
        bulk.Only("base", "month", "day", "checksum", "monthAfter", "dayAfter", "header");
        if (rows.Shape != CandleShape.Arrays)
        {
            throw bulk.Wrong("is for exchanges whose rows are lists ('arrays'), because the files have the same fields in the same order");
        }

        if (rows.TimeUnit is 0 or 1_000_000_000 || rows.IsStampedAtClose)
        {
            throw bulk.Wrong("is for exchanges whose rows have the bar's open in s, ms or us, because the files are read alike");
        }

        string? month = bulk.Optional("month") is { } monthPath ? ReadPath(monthPath, "{month}") : null;
        string? day = bulk.Optional("day") is { } dayPath ? ReadPath(dayPath, "{day}") : null;
        return (month ?? day) is null
            ? throw bulk.Wrong("needs 'month', 'day' or both")
            : new BulkFormat
            {
                BaseUri = ExchangeProfileReader.ReadAddress(bulk.Required("base")),
                MonthPath = month,
                DayPath = day,
                ChecksumSuffix = bulk.Required("checksum").Text(),
                MonthLag = bulk.Optional("monthAfter")?.Span() ?? TimeSpan.Zero,
                DayLag = bulk.Optional("dayAfter")?.Span() ?? TimeSpan.Zero,
                MayHaveHeader = bulk.Optional("header")?.Flag() ?? false,
            };
    }

    /// <summary>The files of which any bar is in a range and that are published.</summary>
    public IReadOnlyList<BulkFile> FilesOf(BarInterval interval, TimeRange within, DateTimeOffset now)
    {
        // Files begin and end with the day, so that bars have to.
        if (!Day.IsMadeOf(interval))
        {
            return [];
        }

        List<BulkFile> files = [];
        for (long start = Month.Floor(within.Start); start <= within.End; start = Month.Next(start))
        {
            long end = Month.Next(start);
            BulkFile[] days = [.. DaysOf(interval, start, end, now)];
            bool isPublished = MonthPath is not null && end + (long)MonthLag.TotalSeconds <= now.ToUnixTimeSeconds()
                && interval.CountBetween(start, interval.Previous(end)) <= MostRows;
            files.AddRange(isPublished ? [new BulkFile(new(start, interval.Previous(end)), RequestsOfFile, days)] : days);
        }

        return files;
    }

    /// <summary>The path of a file.</summary>
    /// <param name="file">The span of its bars.</param>
    /// <param name="symbol">The symbol.</param>
    /// <param name="interval">The exchange's word for the interval.</param>
    public string PathOf(TimeRange file, string symbol, string interval)
    {
        DateTimeOffset start = DateTimeOffset.FromUnixTimeSeconds(file.Start);
        bool isMonth = file.End >= Day.Next(file.Start);
        return (isMonth ? MonthPath : DayPath)!
            .Replace("{symbol}", Uri.EscapeDataString(symbol), StringComparison.Ordinal)
            .Replace("{interval}", Uri.EscapeDataString(interval), StringComparison.Ordinal)
            .Replace("{month}", start.ToString("yyyy-MM", CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("{day}", start.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .TrimStart('/');
    }

    private static string ReadPath(DeclaredNode node, string span)
    {
        string path = node.Text();
        string left = path.Replace("{symbol}", string.Empty, StringComparison.Ordinal)
            .Replace("{interval}", string.Empty, StringComparison.Ordinal)
            .Replace(span, string.Empty, StringComparison.Ordinal);
        return path.Contains(span, StringComparison.Ordinal) && left.AsSpan().IndexOfAny("{}?#") < 0
            ? path
            : throw node.Wrong($"must be a path with {span}, and may have {{symbol}} and {{interval}}");
    }

    private IEnumerable<BulkFile> DaysOf(BarInterval interval, long start, long end, DateTimeOffset now)
    {
        long published = now.ToUnixTimeSeconds() - (long)DayLag.TotalSeconds;
        for (long day = start; DayPath is not null && day < end && Day.Next(day) <= published; day = Day.Next(day))
        {
            yield return new BulkFile(new(day, interval.Previous(Day.Next(day))), RequestsOfFile, []);
        }
    }
}
