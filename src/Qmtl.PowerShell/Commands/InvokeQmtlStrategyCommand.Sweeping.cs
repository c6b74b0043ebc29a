using System.Globalization;
using System.Management.Automation;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.PowerShell.Arguments;
using Qmtl.PowerShell.Backfill;
using Qmtl.PowerShell.Output;
using Qmtl.PowerShell.Pipeline;
using Qmtl.PowerShell.Scripting;
using Qmtl.Sweeping;
using Qmtl.Time;

namespace Qmtl.PowerShell.Commands;

/// <content>Many runs of compiled strategies, on this machine or on those of a cluster.</content>
public sealed partial class InvokeQmtlStrategyCommand
{
    private const string CompiledSet = "Compiled";

    // An id that a script's own progress bars will hardly use.
    private const int SweepActivity = 5169;

    private readonly List<string> _names = [];

    /// <summary>The library that has the class of the strategy; with -Cluster its path as the members have it.</summary>
    [Parameter(ParameterSetName = CompiledSet)]
    [ValidateNotNullOrEmpty]
    public string? AssemblyPath { get; set; }

    /// <summary>What the class's constructor is given, one run for each set; one run without any by default.</summary>
    [Parameter(ParameterSetName = CompiledSet)]
    [ValidateNotNullOrEmpty]
    public object[]? ParameterSet { get; set; }

    /// <summary>The history that the class's constructor is given.</summary>
    [Parameter(ParameterSetName = CompiledSet)]
    [HistoryProviderArgument]
    [ValidateNotNull]
    public IHistoryProvider? Provider { get; set; }

    /// <summary>The most runs at once; as many as the machine has processors by default, and with -Cluster as many as the members
    /// take.</summary>
    [Parameter(ParameterSetName = CompiledSet)]
    [ValidateRange(1, 1024)]
    public int? ThrottleLimit { get; set; }

    /// <summary>How many results of each node are kept, the newest; all by default.</summary>
    [Parameter(ParameterSetName = CompiledSet)]
    [ValidateRange(1, int.MaxValue)]
    public int? ResultsPerNode { get; set; }

    /// <summary>The cluster whose members run them.</summary>
    [Parameter(ParameterSetName = CompiledSet)]
    [ValidateNotNullOrEmpty]
    public string? Cluster { get; set; }

    /// <summary>The file of PEM with the certificate and key that all of the cluster have.</summary>
    [Parameter(ParameterSetName = CompiledSet)]
    [ValidateNotNullOrEmpty]
    public string? ClusterCertificate { get; set; }

    private bool IsCompiled => ParameterSetName == CompiledSet;

    // What is wrong with what was given for such runs, apart from the strategy; null where nothing is.
    private string? WrongForRuns => this switch
    {
        { AssemblyPath: null } => NoAssembly,
        { Start: null } =>
            "-AssemblyPath needs -Start: runs replay what the provider holds from there on, and fill nothing. Give -Start, and fill it "
                + "before with Invoke-QmtlBackfill.",
        { Provider: null } when DefaultProvider.Current is null =>
            "-AssemblyPath needs -Provider: the history that the strategy computes from, such as a store's path or connection string.",
        _ => null,
    };

    private static string NoAssembly =>
        "Only compiled strategies run many at once and on other machines; one that is made in a shell, of script or of objects, cannot "
            + "travel. Make it a class of a library, and give -AssemblyPath and the class's name as -Strategy.";

    private void AddNames()
    {
        if (Strategy is not StrategyNames names)
        {
            ThrowTerminatingError(ErrorRecords.From(
                new ArgumentException(
                    $"With -AssemblyPath, -Strategy is the name of a class, and '{Strategy!.Name}' is none. {NoAssembly}"),
                Strategy));
            return;
        }

        _names.AddRange(names.Names);
    }

    private void RunCompiled()
    {
        IHistoryProvider provider = Provider ?? DefaultProvider.Current!;
        string path = ArgumentPath.Resolve(this, AssemblyPath!);
        string? certificate = ClusterCertificate is null ? null : ArgumentPath.Resolve(this, ClusterCertificate);
        List<SweepOrder> orders = OrdersOf();
        string runs = orders.Count == 1 ? "1 run" : string.Create(CultureInfo.InvariantCulture, $"{orders.Count} runs");
        string action = $"Replay the history of {provider.DisplayName}, and compute nodes, in {runs}{GoingWhere}";
        if (ShouldProcess(string.Join(", ", _names), action))
        {
            RunLong<InvokeQmtlStrategyCommand>((command, token) => command.Cluster is null
                ? command.SweepAsync(
                    new StrategySweep(StrategyAssembly.Load(path), provider, command.ThrottleLimit).RunAsync(orders, token), orders.Count)
                : command.SweepAsync(provider, path, certificate, orders, token));
        }
    }

    private string GoingWhere => Cluster is null ? string.Empty : " on the cluster";

    private List<SweepOrder> OrdersOf()
    {
        // The same for all, whenever and wherever each begins.
        TimeRange range = AskedRange.Between(Start, End ?? Clock.GetUtcNow());
        List<string> sets = [.. (ParameterSet ?? [new System.Collections.Hashtable()]).Select(ParameterSets.Read)];
        return
        [
            .. from name in _names
               from parameters in sets
               select new SweepOrder
               {
                   Strategy = name,
                   Parameters = parameters,
                   Range = range,
                   Order = Order,
                   OnMissing = OnMissing,
                   ResultsPerNode = ResultsPerNode,
               },
        ];
    }

    private async Task SweepAsync(
        IHistoryProvider provider, string path, string? certificate, List<SweepOrder> orders, CancellationToken cancellationToken)
    {
        // Members have it by its path as it was written. Where it is here, too, all are to run the same.
        string? build = File.Exists(path) ? StrategyAssembly.BuildOf(path) : null;
        await using ClusterRun cluster = await ClusterRun.ConnectAsync(Cluster!, certificate, cancellationToken);
        await SweepAsync(cluster.SweepAsync(AssemblyPath!, build, provider, ThrottleLimit, orders, cancellationToken), orders.Count);
    }

    private async Task SweepAsync(IAsyncEnumerable<SweepResult> results, int count)
    {
        int done = 0;
        HashSet<string> told = [];
        await WriteAsync(() => WriteProgress(ProgressOf(done, count)));
        await foreach (SweepResult result in results)
        {
            // Cancelled only when the shell has stopped the pipeline, and then nobody takes it.
            if (result.Status == SweepStatus.Cancelled)
            {
                continue;
            }

            var outcome = new SweepOutcome(result);
            ProgressRecord progress = ProgressOf(++done, count);
            await WriteAsync(() =>
            {
                foreach (string warning in WarningsOf(result).Where(told.Add))
                {
                    WriteWarning(warning);
                }

                WriteProgress(progress);
                WriteOutcome(outcome, outcome.Failure);
            });
        }
    }

    // Of many runs most say the same; it is told once.
    private static IEnumerable<string> WarningsOf(SweepResult result)
    {
        foreach (string warning in result.Warnings)
        {
            yield return $"{result.Order.Strategy}: {warning}";
        }

        if (result is { Status: SweepStatus.Completed, Results: 0 })
        {
            yield return $"{result.Order.Strategy}: {NoResult(result.Order.Range)}";
        }
    }

    private static ProgressRecord ProgressOf(int done, int count) => new(
        SweepActivity, "Running strategies", string.Create(CultureInfo.InvariantCulture, $"{done} of {count} runs done"))
    {
        PercentComplete = 100 * done / count,
        RecordType = done == count ? ProgressRecordType.Completed : ProgressRecordType.Processing,
    };
}
