using System.Management.Automation;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Keeping;
using Qmtl.PowerShell.Arguments;
using Qmtl.PowerShell.Output;
using Qmtl.PowerShell.Pipeline;
using Qmtl.Time;

namespace Qmtl.PowerShell.Commands;

/// <summary>Tells how late and how complete streams are, the worst first.</summary>
[Cmdlet(VerbsCommon.Get, "QmtlStatus", DefaultParameterSetName = ProviderSet)]
[OutputType(typeof(StreamStatusRow))]
public sealed class GetQmtlStatusCommand : StreamsCommand
{
    private readonly List<StreamStatusRow> _found = [];

    /// <summary>A declaration of qmtl keep, in place of a provider: its streams, with their stores, starts and budgets.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Config { get; set; }

    /// <summary>
    /// How long after its close a bar may be missing: a number of bars, or a length of time (5m, 2h); what is declared, or two bars, from
    /// five minutes to a day, by default.
    /// </summary>
    [Parameter]
    [SpanArgument]
    [ValidateNotNullOrEmpty]
    public string? Budget { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (Config is null)
        {
            RunForStreams((provider, streams, cancellationToken) => LookAsync(
                provider, [.. streams.Select(stream => new StreamExpectation(stream))], cancellationToken));
            return;
        }

        // A store that is away hides no other.
        foreach (IGrouping<KeptStore, KeptStream> kept in Declared().GroupBy(kept => kept.Store))
        {
            RunForRecord(
                cancellationToken => LookAsync(
                    new StoreHistoryProvider(kept.Key.Open()),
                    [.. kept.Select(stream => stream.Expected)],
                    cancellationToken),
                kept.Key.Name);
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing() =>
        WriteObject(_found.OrderBy(row => row.Status, StreamStatus.WorstFirst), enumerateCollection: true);

    private IReadOnlyList<KeptStream> Declared()
    {
        try
        {
            if (Provider is not null)
            {
                throw new ArgumentException("-Config and -Provider both say where the streams are. Give one of them.");
            }

            IReadOnlyList<KeptStream> declared = KeepDeclaration.Read(ArgumentPath.Resolve(this, Config!)).Streams;
            (IReadOnlyList<StreamKey> meant, IReadOnlyList<MissingStream> missing) =
                Selection.From([.. declared.Select(kept => kept.Stream).Distinct()], Config!);
            foreach (MissingStream problem in missing)
            {
                Tell(problem);
            }

            return [.. declared.Where(kept => meant.Contains(kept.Stream))];
        }
        catch (Exception exception) when (ErrorRecords.IsForOperator(exception))
        {
            Refuse(exception, Config);
            return [];
        }
    }

    private async Task LookAsync(IHistoryProvider provider, IReadOnlyList<StreamExpectation> expected, CancellationToken cancellationToken)
    {
        AskedSpan? budget = Budget is null ? null : AskedSpan.Parse(Budget);
        IReadOnlyList<StreamStatus> found = await StreamStatus.FindAsync(
            provider,
            [.. expected.Select(stream => stream with { Budget = budget?.LengthOf(stream.Stream.Interval) ?? stream.Budget })],
            TimeProvider.System.GetUtcNow(),
            cancellationToken);
        _found.AddRange(found.Select(status => new StreamStatusRow(provider, status)));
    }
}
