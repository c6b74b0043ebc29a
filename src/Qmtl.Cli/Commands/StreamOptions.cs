using System.CommandLine;
using System.CommandLine.Parsing;
using System.IO.Enumeration;
using Qmtl.Cli.Hosting;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.Messages;
using Qmtl.Time;

namespace Qmtl.Cli.Commands;

/// <summary>The options that say which streams: <c>--node</c>, <c>--exclude</c> and <c>--interval</c>.</summary>
internal sealed class StreamOptions
{
    private readonly CliHost _host;
    private readonly Option<string[]> _nodes;
    private readonly Option<string[]> _excluded;
    private readonly Option<BarInterval[]> _intervals;

    /// <summary>Adds the options to <paramref name="command"/>, for which no node and no interval means all that are stored.</summary>
    /// <param name="command">The command.</param>
    /// <param name="host">The world outside.</param>
    /// <param name="single">Whether one node and one interval have to be given.</param>
    public StreamOptions(Command command, CliHost host, bool single = false)
    {
        _host = host;
        _nodes = new Option<string[]>("--node")
        {
            Description = single
                ? "The node's id, for example BTCUSDT."
                : "A node's id, for example BTCUSDT, or with * and ? what ids are like. Repeat it for several. Default: all that are "
                    + "stored.",
            HelpName = "id",
            Required = single,
            Arity = ArgumentArity.OneOrMore,
        };
        _intervals = new Option<BarInterval[]>("--interval", "--timeframe")
        {
            Description = "The length of a bar: 60, 60s, 1m, 4h, 1d, 1w, 1M (a month), 1d@08:00, 00:05:00."
                + (single ? string.Empty : " Repeat it for several. Default: all that are stored."),
            HelpName = "length",
            Required = single,
            Arity = ArgumentArity.OneOrMore,
            CustomParser = static result => [.. result.Tokens.Select(token => Read(token.Value, result))],
        };
        _nodes.CompletionSources.Add(
            context => StoreOptions.Complete(context.ParseResult, host).Select(static stream => stream.NodeId).Distinct());
        _intervals.CompletionSources.Add(context => IntervalsFor(context.ParseResult));
        _excluded = new Option<string[]>("--exclude")
        {
            Description = "A node that is left out: its id, or with * and ? what ids are like. Repeat it for several.",
            HelpName = "id",
        };
        command.Options.Add(_nodes);
        command.Options.Add(_intervals);
        if (single)
        {
            RequireOne(_nodes, "--node: one node at a time; its bars are printed in order. Run the command once for each.");
            RequireOne(_intervals, "--interval: one interval at a time; its bars are printed in order. Run the command once for each.");
        }
        else
        {
            command.Options.Add(_excluded);
        }
    }

    /// <summary>The stream of a command for which one node and one interval have to be given.</summary>
    /// <exception cref="UsageException">The node id cannot be one.</exception>
    public StreamKey Single(ParseResult arguments)
    {
        try
        {
            return new StreamKey(arguments.GetValue(_nodes)!.Single(), arguments.GetValue(_intervals)!.Single());
        }
        catch (ArgumentException exception)
        {
            throw UsageException.From(exception);
        }
    }

    // Those of the nodes that are stored; without any, those of the source.
    private IEnumerable<string> IntervalsFor(ParseResult arguments)
    {
        string[] nodes = arguments.GetValue(_nodes) ?? [];
        string[] stored = [.. StoreOptions.Complete(arguments, _host).Where(stream => nodes.Length == 0 || nodes.Contains(stream.NodeId))
            .Select(static stream => stream.Interval).Distinct().Order().Select(static interval => interval.ToString())];
        return stored.Length > 0 && !arguments.CommandResult.Command.Options.Any(static option => option.Name == "--source")
            ? stored
            : stored.Concat(SourceOptions.IntervalsOf(arguments)).Distinct();
    }

    /// <summary>Whether any node or interval is named, or left out; where not, all that is stored is meant.</summary>
    public bool AreNamed(ParseResult arguments) =>
        new Option[] { _nodes, _intervals, _excluded }.Any(option => arguments.GetResult(option) is not null);

    /// <summary>The streams of the store that are meant; of what is not there it is warned.</summary>
    /// <param name="arguments">What was given.</param>
    /// <param name="store">The store.</param>
    /// <param name="makes">Whether streams that are not stored are meant, too, where they are named.</param>
    /// <param name="cancellationToken">Ends the query.</param>
    /// <exception cref="UsageException">A node id cannot be one, or a stream is to be made and its interval is not given.</exception>
    public async Task<IReadOnlyList<StreamKey>> FindAsync(
        ParseResult arguments, IHistoryStore store, bool makes, CancellationToken cancellationToken)
    {
        StreamSelection selection = Selection(arguments);
        try
        {
            if (makes && selection.Named is { } named)
            {
                return named;
            }

            (IReadOnlyList<StreamKey> streams, IReadOnlyList<MissingStream> missing) = selection.From(
                await store.GetStreamsAsync(cancellationToken), store.Info.DisplayName);
            foreach (MissingStream problem in missing.Where(problem => !makes || problem.Streams.Count == 0))
            {
                if (makes)
                {
                    throw new UsageException($"{problem.Message} Give --node and --interval, for example --node BTCUSDT --interval 1m.");
                }

                _host.WriteDiagnostic("warning", problem.Message);
            }

            return makes ? [.. streams.Concat(missing.SelectMany(problem => problem.Streams)).Distinct()] : streams;
        }
        catch (ArgumentException exception)
        {
            throw UsageException.From(exception);
        }
    }

    /// <summary>Those of the streams that are meant; of what is not there it is warned.</summary>
    /// <param name="arguments">What was given.</param>
    /// <param name="streams">All streams that there are.</param>
    /// <param name="place">Where they are, for people.</param>
    /// <exception cref="UsageException">A node id cannot be one.</exception>
    public IReadOnlyList<StreamKey> Among(ParseResult arguments, IReadOnlyList<StreamKey> streams, string place)
    {
        try
        {
            (IReadOnlyList<StreamKey> meant, IReadOnlyList<MissingStream> missing) = Selection(arguments).From(streams, place);
            foreach (MissingStream problem in missing)
            {
                _host.WriteDiagnostic("warning", problem.Message);
            }

            return meant;
        }
        catch (ArgumentException exception)
        {
            throw UsageException.From(exception);
        }
    }

    /// <summary>What was given.</summary>
    public StreamSelection Selection(ParseResult arguments) => new()
    {
        Nodes = [.. (arguments.GetValue(_nodes) ?? []).Select(NameOf)],
        Except = [.. (arguments.GetValue(_excluded) ?? []).Select(NameOf)],
        Intervals = arguments.GetValue(_intervals) ?? [],
    };

    /// <summary>As <see cref="FindAsync"/>, where a command has nothing to do without a stream.</summary>
    /// <exception cref="UsageException">There is no such stream.</exception>
    public async Task<IReadOnlyList<StreamKey>> RequireAsync(
        ParseResult arguments, IHistoryStore store, CancellationToken cancellationToken) =>
        await FindAsync(arguments, store, makes: false, cancellationToken) is { Count: > 0 } streams
            ? streams
            : throw new UsageException($"No such stream is in {store.Info.DisplayName}. See: qmtl coverage.");

    private static NodeName NameOf(string text) => text.AsSpan().ContainsAny('*', '?')
        ? new NodeName(text, id => FileSystemName.MatchesSimpleExpression(text, id))
        : new NodeName(text);

    private static BarInterval Read(string text, ArgumentResult result)
    {
        try
        {
            return BarInterval.Parse(text);
        }
        catch (FormatException exception)
        {
            result.AddError($"--interval: {PlainMessage.Of(exception)}");
            return default;
        }
    }

    private static void RequireOne(Option option, string refusal) => option.Validators.Add(result =>
    {
        if (result.Tokens.Count > 1)
        {
            result.AddError(refusal);
        }
    });
}
