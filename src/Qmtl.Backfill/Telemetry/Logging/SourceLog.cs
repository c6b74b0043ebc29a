using Microsoft.Extensions.Logging;
using Qmtl.Fetching;

namespace Qmtl.Telemetry.Logging;

/// <summary>Writes what is to be said of a source itself, and not of a stream.</summary>
public static partial class SourceLog
{
    private const int ProblemsShown = 3;

    /// <summary>Tells how a source read what it holds, once it has looked: its form of time, and rows that could not be read.</summary>
    /// <param name="logger">Where it goes.</param>
    /// <param name="fetcher">The source.</param>
    public static void Read(ILogger logger, IDataFetcher fetcher)
    {
        ArgumentNullException.ThrowIfNull(fetcher);
        if (fetcher.Reading is not { } reading)
        {
            return;
        }

        TimesRead(logger, fetcher.Name, reading.TimestampFormat);
        if (reading.Problems.Count > 0)
        {
            IEnumerable<string> lines = reading.Problems.Take(ProblemsShown).Select(
                problem => $"{reading.Place} {problem.Line}: {problem.Message}");
            RowsUnreadable(
                logger, fetcher.Name, string.Join("; ", lines) + (reading.Problems.Count > ProblemsShown ? "; and more" : string.Empty));
        }
    }

    [LoggerMessage(2000, LogLevel.Information, "{source}: the file's times were read as {format}.", EventName = "source.csv_times")]
    private static partial void TimesRead(ILogger logger, string source, string format);

    [LoggerMessage(2001, LogLevel.Warning, "{source}: rows that cannot be read, {problems}.", EventName = "source.csv_unreadable")]
    private static partial void RowsUnreadable(ILogger logger, string source, string problems);
}
