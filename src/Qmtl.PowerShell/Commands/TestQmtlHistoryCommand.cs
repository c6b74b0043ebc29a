using System.Management.Automation;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.PowerShell.Arguments;
using Qmtl.PowerShell.Output;
using Qmtl.PowerShell.Pipeline;
using Qmtl.Quality;
using Qmtl.Time;

namespace Qmtl.PowerShell.Commands;

/// <summary>Looks for bars that cannot be right.</summary>
[Cmdlet(VerbsDiagnostic.Test, "QmtlHistory", DefaultParameterSetName = ProviderSet)]
[OutputType(typeof(Finding), typeof(Job))]
public sealed class TestQmtlHistoryCommand : StreamRangeCommand, ILongCommand
{
    private ExaminationOptions _options = new();

    /// <summary>What is looked for; all checks by default.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public BarCheck[]? Check { get; set; }

    /// <summary>How many standard deviations make a return a jump; 12 by default.</summary>
    [Parameter]
    public double Sigma { get; set; } = new ExaminationOptions().Sigma;

    /// <summary>Over how many returns the standard deviation is taken; 1,000 by default.</summary>
    [Parameter]
    [ValidateRange(30, 1_000_000)]
    public int Window { get; set; } = new ExaminationOptions().Window;

    /// <summary>How many bars of one price in a row are a flat run; 60 by default.</summary>
    [Parameter]
    [ValidateRange(2, int.MaxValue)]
    public int FlatBars { get; set; } = new ExaminationOptions().FlatBars;

    /// <summary>A source that is looked at in place of what is stored, such as a file.</summary>
    [Parameter]
    [FetcherArgument]
    public IDataFetcher? Fetcher { get; set; }

    /// <inheritdoc/>
    [Parameter]
    public SwitchParameter AsJob { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        try
        {
            _options = new ExaminationOptions { Sigma = Sigma, Window = Window, FlatBars = FlatBars };
            _options = Check is null ? _options : _options with { Checks = Check };
            _options.Validate();
        }
        catch (ArgumentException exception)
        {
            ThrowTerminatingError(ErrorRecords.From(exception, null));
        }
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (Fetcher is not { } source)
        {
            RunForStreams(async (provider, streams, cancellationToken) =>
            {
                foreach (StreamKey stream in streams)
                {
                    TimeRange range = AskedRange.Between(StartOf(stream.Interval), End);
                    await DoLongAsync<TestQmtlHistoryCommand>(
                        (command, token) => command.ShowAsync(
                            provider, stream, HistoryExamination.ExamineAsync(provider, stream, range, _options, token), token),
                        provider,
                        cancellationToken);
                }
            });
            return;
        }

        if (Selection.Named is not { } streams)
        {
            Refuse(new ArgumentException("Which bars of the source? Give -NodeId, without wildcards, and -Interval."), source);
            return;
        }

        RunForRecord(
            async cancellationToken =>
            {
                foreach (StreamKey stream in streams)
                {
                    TimeRange? extent = await source.FindExtentAsync(stream, cancellationToken);
                    (DateTimeOffset? start, DateTimeOffset? end) = AskedRange.Within(StartOf(stream.Interval), End, extent);
                    TimeRange? range = AskedRange.Closed(
                        stream.Interval,
                        start ?? throw new ArgumentException(
                            $"{source.Name} does not say from where on it has bars of {stream}. Give -Start."),
                        end,
                        TimeProvider.System.GetUtcNow(),
                        out string? _);
                    if (range is { } bars)
                    {
                        await DoLongAsync<TestQmtlHistoryCommand>(
                            (command, token) => command.ShowAsync(
                                null,
                                stream,
                                HistoryExamination.ExamineAsync(source, stream, bars, _options, cancellationToken: token),
                                token),
                            source,
                            cancellationToken);
                    }
                }
            },
            source);
    }

    private async Task ShowAsync(
        IHistoryProvider? provider, StreamKey stream, IAsyncEnumerable<BarFinding> findings, CancellationToken cancellationToken)
    {
        long count = 0;
        await foreach (BarFinding finding in findings.WithCancellation(cancellationToken))
        {
            count++;
            await OutputAsync([new Finding(provider, finding)]);
        }

        Post(() => WriteVerbose($"{stream}: {count} findings."));
    }
}
