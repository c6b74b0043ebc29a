using Microsoft.Extensions.Logging;
using Qmtl.Cli.Hosting;
using Qmtl.Fetching.Csv;
using Qmtl.Messages;
using Qmtl.Telemetry.Logging;

namespace Qmtl.Cli.Rendering;

/// <summary>Tells how a CSV file was read: its form of time, and the first rows that could not be read.</summary>
internal static class CsvReport
{
    /// <summary>Writes what is to be said about <paramref name="csv"/>, which has been read.</summary>
    /// <param name="host">Where it goes.</param>
    /// <param name="csv">The file.</param>
    /// <param name="withFormat">Whether its form of time is told too, to a person.</param>
    public static void Write(CliHost host, CsvFetcher csv, bool withFormat)
    {
        if (withFormat && csv.TimestampFormat is { } format)
        {
            string offset = csv.HasTimesWithoutOffset ? ", UTC where they have no offset" : string.Empty;
            host.Console.Profile.Out.Writer.WriteLine(PlainText.OneLine($"{csv}: times are {(csv.HasSeveralUnits ? "mostly " : string.Empty)}{Describe(format)}{offset}."));
        }

        SourceLog.CsvRead(host.Log.CreateLogger<CsvFetcher>(), csv);
    }

    private static string Describe(CsvTimestampFormat format) => format switch
    {
        CsvTimestampFormat.Seconds => "Unix seconds",
        CsvTimestampFormat.Milliseconds => "Unix milliseconds",
        CsvTimestampFormat.Microseconds => "Unix microseconds",
        CsvTimestampFormat.Nanoseconds => "Unix nanoseconds",
        CsvTimestampFormat.Date => "dates in digits",
        CsvTimestampFormat.DateAndTime => "a date and a time of day in two columns",
        _ => "ISO 8601",
    };
}
