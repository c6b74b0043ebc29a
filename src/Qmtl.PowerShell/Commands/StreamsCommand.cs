using System.Management.Automation;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.PowerShell.Arguments;
using Qmtl.PowerShell.Backfill;
using Qmtl.Streams;
using Qmtl.Time;

namespace Qmtl.PowerShell.Commands;

/// <summary>
/// The base of the commands that look at streams of a store: named on the command line, each by itself in the pipeline, or by the
/// properties of objects there. A provider, too, comes on the command line, through the pipeline, or from Set-QmtlDefault.
/// </summary>
/// <remarks>
/// A derived command calls <see cref="RunForStreams"/> in its <c>ProcessRecord</c>. There are two parameter sets only because of the first
/// argument: it names the store, or, where Set-QmtlDefault has said which, the nodes. Parameters of derived commands belong to both
/// and have no position.
/// </remarks>
public abstract class StreamsCommand : BackfillingCommand
{
    private protected const string ProviderSet = "Provider";
    private protected const string DefaultSet = "Default";

    /// <summary>Whose history: a provider of New-QmtlHistoryProvider, a store's path or connection string, or an object with a Fetch
    /// method; that of Set-QmtlDefault by default.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true, ParameterSetName = ProviderSet)]
    [Alias("HistoryProvider")]
    [HistoryProviderArgument]
    public IHistoryProvider? Provider { get; set; }

    /// <summary>What <see cref="NodeId"/> is, as the first argument, where Set-QmtlDefault has said whose history.</summary>
    [Parameter(Position = 0, ParameterSetName = DefaultSet, DontShow = true)]
    [ArgumentCompleter(typeof(NodeIdCompleter))]
    [NodeIdArgument]
    [ValidateNotNullOrEmpty]
    public string[]? Node { get; set; }

    /// <summary>The nodes: their ids, or with wildcards what their ids are like; every node that is stored by default.</summary>
    [Parameter(Position = 1, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true, ParameterSetName = ProviderSet)]
    [Alias("Symbol")]
    [ArgumentCompleter(typeof(NodeIdCompleter))]
    [NodeIdArgument]
    [ValidateNotNullOrEmpty]
    public string[]? NodeId { get; set; }

    /// <summary>The intervals; every interval of each node that is stored by default.</summary>
    [Parameter(Position = 2, ValueFromPipelineByPropertyName = true, ParameterSetName = ProviderSet)]
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true, ParameterSetName = DefaultSet)]
    [Alias("Timeframe")]
    [BarIntervalArgument]
    [ArgumentCompleter(typeof(IntervalCompleter))]
    [ValidateNotNullOrEmpty]
    public BarInterval[]? Interval { get; set; }

    /// <summary>Node ids that are taken as they are, without wildcards.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(NodeIdCompleter))]
    [NodeIdArgument]
    [ValidateNotNullOrEmpty]
    public string[]? LiteralNodeId { get; set; }

    /// <summary>Nodes that are left out: their ids, or with wildcards what their ids are like.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(NodeIdCompleter))]
    [NodeIdArgument]
    [ValidateNotNullOrEmpty]
    public string[]? Exclude { get; set; }

    /// <summary>Providers, or streams of New-QmtlStreamInput, from the pipeline.</summary>
    [Parameter(ValueFromPipeline = true)]
    [StreamSourceArgument]
    [ValidateNotNullOrEmpty]
    public object[]? InputObject { get; set; }

    /// <summary>Whether a node or an interval is named; where none is, all that is stored is meant.</summary>
    private protected bool NamesStreams => Selection is { Nodes.Count: > 0 } or { Intervals.Count: > 0 };

    /// <summary>
    /// Whether the command makes streams: those that are named then are given to the work, stored or not. Not by default.
    /// </summary>
    private protected virtual bool MakesStreams => false;

    private protected StreamSelection Selection => new()
    {
        Nodes = [.. (Node ?? []).Concat(NodeId ?? []).Select(NameOf), .. (LiteralNodeId ?? []).Select(id => new NodeName(id))],
        Except = [.. (Exclude ?? []).Select(NameOf)],
        Intervals = Interval ?? [],
    };

    /// <summary>
    /// Runs <paramref name="work"/> for the streams that the record names, once for each provider, off the pipeline thread. It is given
    /// those that are stored. What is not is told: by an error where it was named, and a warning where only what it is like was said.
    /// </summary>
    /// <remarks>
    /// A provider that cannot list its streams is given those that are named; they may have no bars. Nothing is called where no stream is
    /// left.
    /// </remarks>
    private protected void RunForStreams(Func<IHistoryProvider, IReadOnlyList<StreamKey>, CancellationToken, Task> work)
    {
        foreach ((IHistoryProvider provider, StreamSelection selection) in Sources())
        {
            Require(provider);
            RunForRecord(
                async cancellationToken =>
                {
                    IReadOnlyList<StreamKey> streams = await FindAsync(provider, selection, cancellationToken);
                    if (streams.Count > 0)
                    {
                        await work(provider, streams, cancellationToken);
                    }
                },
                provider);
        }
    }

    /// <summary>
    /// As <see cref="RunForStreams"/>, but streams of New-QmtlStreamInput that are piped in say themselves which bars are meant: each is
    /// given to <paramref name="add"/> with the start of its window.
    /// </summary>
    /// <param name="end">The last instant, inside; null for the last bar that has closed.</param>
    /// <param name="add">Takes a stream and its start, on the pipeline thread.</param>
    /// <param name="work">Takes all others.</param>
    private protected void RunForWindows(
        DateTimeOffset? end,
        Action<IHistoryProvider, StreamKey, DateTimeOffset> add,
        Func<IHistoryProvider, IReadOnlyList<StreamKey>, CancellationToken, Task> work)
    {
        StreamInput[] windows = [.. (InputObject ?? []).OfType<StreamInput>().Where(stream => stream.HistoryProvider is not null)];
        foreach (StreamInput stream in windows)
        {
            Require(stream.HistoryProvider!);
            DateTimeOffset start = new AskedSpan(stream.Period, default).StartOf(stream.Interval, end, TimeProvider.System.GetUtcNow());
            add(stream.HistoryProvider!, stream.Key, start);
        }

        object[] others = [.. (InputObject ?? []).Except(windows)];
        if (windows.Length == 0 || others.Length > 0)
        {
            InputObject = others.Length == 0 ? null : others;
            RunForStreams(work);
        }
    }

    /// <summary>
    /// The providers that the record is about, and what it selects of each. None where it says of no provider: that is told.
    /// </summary>
    private protected IEnumerable<(IHistoryProvider Provider, StreamSelection Selection)> Sources()
    {
        foreach (object source in InputObject ?? [])
        {
            if (((source as StreamInput)?.HistoryProvider ?? source as IHistoryProvider) is { } came && Provider is { } other
                && other.DisplayName != came.DisplayName)
            {
                Refuse(
                    new ArgumentException($"{came.DisplayName} is piped in, and -Provider names {other.DisplayName}. Give one of them."),
                    source);
            }
            else if (source is IHistoryProvider piped)
            {
                yield return (piped, Selection);
            }
            else if (source is StreamInput { HistoryProvider: { } of } stream)
            {
                if (IsSelected(stream))
                {
                    yield return (of, new StreamSelection { Nodes = [new NodeName(stream.NodeId)], Intervals = [stream.Interval] });
                }
            }
            else
            {
                Refuse(NoProvider((StreamInput)source), source);
            }
        }

        if (InputObject is not null)
        {
            yield break;
        }

        if ((Provider ?? DefaultProvider.Current) is { } provider)
        {
            yield return (provider, Selection);
        }
        else
        {
            Refuse(
                new ArgumentException(
                    "Whose history? Give -Provider a store's path, a connection string or a provider of New-QmtlHistoryProvider, or "
                        + "name one for all commands: Set-QmtlDefault -Provider ./bars.db."),
                null);
        }
    }

    // What is named narrows down the streams that are piped in.
    private bool IsSelected(StreamInput stream) =>
        (Selection.Nodes.Count == 0 || Selection.Nodes.Any(name => IsLike(name, stream.NodeId)))
        && !Selection.Except.Any(name => IsLike(name, stream.NodeId))
        && (Selection.Intervals.Count == 0 || Selection.Intervals.Contains(stream.Interval));

    private static bool IsLike(NodeName name, string nodeId) => name.Text == nodeId || name.Matches?.Invoke(nodeId) == true;

    /// <summary>From the work: the streams of the provider that are selected and stored; what is not there is told.</summary>
    private protected async Task<IReadOnlyList<StreamKey>> FindAsync(
        IHistoryProvider provider, StreamSelection selection, CancellationToken cancellationToken)
    {
        if (MakesStreams && selection.Named is { } named)
        {
            return named;
        }

        IReadOnlyList<StreamKey> stored;
        try
        {
            stored = await provider.GetStreamsAsync(cancellationToken);
        }
        catch (NotSupportedException cannotList)
        {
            // Whoever cannot list takes ids as they are.
            StreamSelection exact = new()
            {
                Nodes = [.. selection.Nodes.Select(name => new NodeName(name.Text))],
                Except = selection.Except,
                Intervals = selection.Intervals,
            };
            return exact.Named
                ?? throw new ArgumentException($"{cannotList.Message} Name one with -NodeId and -Interval.", cannotList);
        }

        (IReadOnlyList<StreamKey> streams, IReadOnlyList<MissingStream> missing) = selection.From(stored, provider.DisplayName);
        string? noFile = provider.Store?.Info.FilePath is { } path && !File.Exists(path)
            ? $"There is no store '{path}': no file of that name exists."
            : null;
        foreach (MissingStream problem in missing)
        {
            await WriteAsync(() => Tell(noFile is null ? problem : problem with { Message = noFile }));
        }

        return [.. streams.Concat(missing.Where(IsTaken).SelectMany(problem => problem.Streams)).Distinct()];
    }

    /// <summary>Refuses a second provider, for a command that writes what it finds of one.</summary>
    /// <param name="first">The one that came first.</param>
    /// <param name="next">The one that comes now.</param>
    /// <param name="what">What is written: <c>A report</c>.</param>
    private protected static void RequireSame(ref IHistoryProvider? first, IHistoryProvider next, string what)
    {
        first ??= next;
        if (first.DisplayName != next.DisplayName)
        {
            throw new ArgumentException(
                $"{what} is of one provider: streams of {first.DisplayName} came before those of {next.DisplayName}. Run the command "
                    + "once for each.");
        }
    }

    /// <summary>Refuses a provider that the command can do nothing with, before anything is asked of it; none by default.</summary>
    private protected virtual void Require(IHistoryProvider provider)
    {
    }

    /// <summary>
    /// Whether streams that are named and not stored are given to the work all the same; where the command makes some, by default.
    /// </summary>
    private protected virtual bool IsTaken(MissingStream problem) => MakesStreams;

    /// <summary>Tells of what was asked for and is not stored: an error where it was named, otherwise a warning.</summary>
    private protected virtual void Tell(MissingStream problem)
    {
        if (problem.IsOfOneStream)
        {
            WriteError(new ErrorRecord(
                new ItemNotFoundException(problem.Message), "StreamNotFound", ErrorCategory.ObjectNotFound, problem.Name));
        }
        else
        {
            WriteWarning(problem.Message);
        }
    }

    private protected static InvalidOperationException NoProvider(StreamInput stream) => new(
        $"The stream {stream.Key} has no history provider, so there is nothing to look at or to fill. Give New-QmtlStreamInput a "
            + $"-HistoryProvider.");

    // A text with wildcards that is exactly a stored node's id still means that node.
    private static NodeName NameOf(string text)
    {
        if (!WildcardPattern.ContainsWildcardCharacters(text))
        {
            return new NodeName(WildcardPattern.Unescape(text));
        }

        var pattern = new WildcardPattern(text, WildcardOptions.IgnoreCase | WildcardOptions.CultureInvariant);
        return new NodeName(text, pattern.IsMatch);
    }
}
