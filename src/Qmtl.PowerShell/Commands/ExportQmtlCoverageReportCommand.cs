using System.Management.Automation;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.PowerShell.Arguments;
using Qmtl.Reporting;
using Qmtl.Time;

namespace Qmtl.PowerShell.Commands;

/// <summary>Writes one HTML page of what a provider holds.</summary>
[Cmdlet(
    VerbsData.Export,
    "QmtlCoverageReport",
    DefaultParameterSetName = ProviderSet,
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(FileInfo))]
public sealed class ExportQmtlCoverageReportCommand : StreamsCommand
{
    // An id that a script's own progress bars will hardly use.
    private const int ActivityId = 5160;
    private const string Activity = "Reporting";

    // In the order in which they come; of one stream, coverage may come as many objects.
    private readonly List<StreamKey> _streams = [];
    private readonly HashSet<StreamKey> _known = [];
    private IHistoryProvider? _provider;

    /// <summary>The page's file, which is replaced.</summary>
    [Parameter(Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>The first instant that is looked at; each stream's first bar by default.</summary>
    [Parameter]
    [Alias("Since")]
    [InstantArgument]
    public DateTimeOffset? Start { get; set; }

    /// <summary>
    /// The last instant that is looked at, and of a date without a time its whole day; the last bar that has closed by default.
    /// </summary>
    [Parameter]
    [InstantArgument(IsEnd = true)]
    public DateTimeOffset? End { get; set; }

    /// <summary>In place of a start: how many bars before the end, or how long (30d, 12h, 3M).</summary>
    [Parameter]
    [SpanArgument]
    [ValidateNotNullOrEmpty]
    public string? Last { get; set; }

    /// <summary>The page's title.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Title { get; set; }

    /// <summary>How many candles a stream has at most; 0 for none.</summary>
    [Parameter]
    [ValidateRange(0, CoveragePageOptions.MostCandles)]
    public int CandleCount { get; set; } = new CoveragePageOptions().Candles;

    /// <summary>
    /// What tests of the data found, such as the objects of Test-QmtlHistory; without it the page says that none were run.
    /// </summary>
    [Parameter]
    [AllowNull]
    [AllowEmptyCollection]
    public PSObject[]? Finding { get; set; }

    /// <summary>Whether the file is written to the pipeline.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => RunForStreams((provider, streams, _) =>
    {
        RequireSame(ref _provider, provider, "A report");
        _streams.AddRange(streams.Where(_known.Add));
        return Task.CompletedTask;
    });

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (_provider is null)
        {
            return;
        }

        string path;
        CoveragePageOptions options;
        try
        {
            path = ArgumentPath.Resolve(this, Path!);
            CoveragePage.Validate(path);
            options = new CoveragePageOptions
            {
                Title = Title,
                Start = Last is null || Start is null
                    ? Start
                    : throw new ArgumentException("-Start and -Last both say where to begin. Give one of them."),
                End = End,
                Last = Last is null ? null : AskedSpan.Parse(Last),
                Candles = CandleCount,
                Findings = MyInvocation.BoundParameters.ContainsKey(nameof(Finding)) ? [.. (Finding ?? []).Select(Read)] : null,
                OnProgress = Show,
            };
        }
        catch (ArgumentException exception)
        {
            Refuse(exception, Path);
            return;
        }

        if (!ShouldProcess(path, "Write a report"))
        {
            return;
        }

        Run(cancellationToken => CoveragePage.WriteAsync(_provider, _streams, path, options, cancellationToken), _provider);
        WriteProgress(new ProgressRecord(ActivityId, Activity, " ") { RecordType = ProgressRecordType.Completed });
        if (PassThru)
        {
            WriteObject(new FileInfo(path));
        }
    }

    // By its properties, so that findings that were files in between are taken as well.
    private static ReportFinding Read(PSObject finding)
    {
        try
        {
            var stream = new StreamKey(Text("NodeId"), BarInterval.Parse(Text("Interval")));
            return new ReportFinding(stream, Text("Check"), new TimeRange(Time("StartTimestamp"), Time("EndTimestamp")), Text("Message"));
        }
        catch (Exception exception) when (exception is FormatException or PSInvalidCastException)
        {
            throw new ArgumentException($"'{finding}' is no finding: {exception.Message} Give the objects of Test-QmtlHistory.", exception);
        }

        string Text(string name) => finding.Properties[name]?.Value?.ToString()
            ?? throw new FormatException($"it has no {name}.");

        long Time(string name) => LanguagePrimitives.ConvertTo<long>(Text(name));
    }

    private void Show(int done, int all) => Post(() =>
        WriteProgress(new ProgressRecord(ActivityId, Activity, $"{done} of {all} steps") { PercentComplete = 100 * done / all }));
}
