using System.Globalization;
using System.Management.Automation;
using Qmtl.Backfill;
using Qmtl.Fetching.Csv;

namespace Qmtl.PowerShell.Backfill;

/// <summary>Tells the operator of a run what happens: warnings for what they must know, verbose text for the story. To be called on the pipeline thread.</summary>
internal static class BackfillStory
{
    private const int ProblemsShown = 3;

    /// <summary>Tells of an event of the engine.</summary>
    public static void Tell(Cmdlet cmdlet, BackfillEvent happened)
    {
        switch (happened)
        {
            case BackfillPlanned planned:
                cmdlet.WriteVerbose($"{planned.Stream}: {planned.BarsMissing} bars to ask for, {planned.Requests} requests planned.");
                break;
            case BackfillRetrying retry:
                cmdlet.WriteVerbose(string.Create(
                    CultureInfo.InvariantCulture, $"{retry.Stream}: retry {retry.Attempt} of {retry.Range} in {retry.Delay.TotalSeconds:0.0} s: {retry.Error.Message}"));
                break;
            case BackfillPageCommitted page:
                cmdlet.WriteDebug($"{page.Stream}: {page.Range} committed, {page.BarsWritten} bars written, {page.BarsEmpty} empty.");
                break;
            case BackfillRowsRejected rejected:
                cmdlet.WriteWarning($"{rejected.Stream}: {rejected.Rejected.Total} rows from {rejected.Source} were not stored: {rejected.Rejected}.");
                break;
            case BackfillEnded ended:
                cmdlet.WriteVerbose(string.Create(CultureInfo.InvariantCulture, $"{ended.Stream}: done in {ended.Duration.TotalSeconds:0.0} s."));
                break;
        }
    }

    /// <summary>Tells how a file was read, once it was.</summary>
    public static void Tell(Cmdlet cmdlet, CsvFetcher csv)
    {
        if (csv.TimestampFormat is { } format)
        {
            cmdlet.WriteVerbose($"{csv.Name}: the file's times were read as {format}.");
        }

        if (csv.Problems.Count > 0)
        {
            IEnumerable<string> lines = csv.Problems.Take(ProblemsShown).Select(problem => $"line {problem.Line}: {problem.Message}");
            cmdlet.WriteWarning($"{csv.Name}: rows that cannot be read, {string.Join("; ", lines)}{(csv.Problems.Count > ProblemsShown ? "; and more" : string.Empty)}.");
        }
    }
}
