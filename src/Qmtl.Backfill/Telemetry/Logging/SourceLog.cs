using Microsoft.Extensions.Logging;
using Qmtl.Fetching.Csv;

namespace Qmtl.Telemetry.Logging;

/// <summary>Writes what is to be said of a source itself, and not of a stream.</summary>
public static partial class SourceLog
{
    private const int ProblemsShown = 3;

    /// <summary>Tells how a CSV file was read, once it was: its form of time, and the first rows that could not be read.</summary>
    /// <param name="logger">Where it goes.</param>
    /// <param name="csv">The file.</param>
    public static void CsvRead(ILogger logger, CsvFetcher csv)
    {
        ArgumentNullException.ThrowIfNull(csv);
        if (csv.TimestampFormat is { } format)
        {
            CsvTimes(logger, csv.Name, format);
        }

        if (csv.Problems.Count > 0)
        {
            IEnumerable<string> lines = csv.Problems.Take(ProblemsShown).Select(problem => $"line {problem.Line}: {problem.Message}");
            CsvUnreadable(logger, csv.Name, string.Join("; ", lines) + (csv.Problems.Count > ProblemsShown ? "; and more" : string.Empty));
        }
    }

    [LoggerMessage(2000, LogLevel.Information, "{source}: the file's times were read as {format}.", EventName = "source.csv_times")]
    private static partial void CsvTimes(ILogger logger, string source, string format);

    [LoggerMessage(2001, LogLevel.Warning, "{source}: rows that cannot be read, {problems}.", EventName = "source.csv_unreadable")]
    private static partial void CsvUnreadable(ILogger logger, string source, string problems);
}
