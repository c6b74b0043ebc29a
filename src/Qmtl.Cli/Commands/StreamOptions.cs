using System.CommandLine;
using Qmtl.Cli.Hosting;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Cli.Commands;

/// <summary>The options that say which streams: <c>--node</c> and <c>--interval</c>.</summary>
internal sealed class StreamOptions
{
    private readonly Option<string[]> _nodes;

    private readonly Option<BarInterval?> _interval;

    /// <summary>Adds the options to <paramref name="command"/>.</summary>
    /// <param name="command">The command.</param>
    /// <param name="required">Whether a node and an interval have to be given; where not, they only narrow what is shown.</param>
    /// <param name="single">Whether only one node can be given.</param>
    public StreamOptions(Command command, bool required, bool single = false)
    {
        _nodes = new Option<string[]>("--node")
        {
            Description = single ? "The node's id, for example BTCUSDT." : "A node's id, for example BTCUSDT. Repeat it for several nodes.",
            HelpName = "id",
            Required = required,
            Arity = ArgumentArity.OneOrMore,
        };
        if (single)
        {
            _nodes.Validators.Add(static result =>
            {
                if (result.Tokens.Count > 1)
                {
                    result.AddError("--node: one node at a time; its bars are printed in order. Run the command once for each.");
                }
            });
        }

        _interval = new Option<BarInterval?>("--interval")
        {
            Description = "The length of a bar: 60, 60s, 1m, 4h, 1d, 1w, 1M (a month), 1d@08:00, 00:05:00.",
            HelpName = "length",
            Required = required,
            CustomParser = OptionParsing.Using<BarInterval?>(text => BarInterval.Parse(text)),
        };
        _interval.CompletionSources.Add(static context => SourceOptions.IntervalsOf(context.ParseResult));
        command.Options.Add(_nodes);
        command.Options.Add(_interval);
    }

    /// <summary>The node ids, each once; none where none was given.</summary>
    public IReadOnlyList<string> Nodes(ParseResult arguments) => [.. (arguments.GetValue(_nodes) ?? []).Distinct(StringComparer.Ordinal)];

    /// <summary>The interval, or null where none was given.</summary>
    public BarInterval? Interval(ParseResult arguments) => arguments.GetValue(_interval);

    /// <summary>Those of a store's streams that were asked for; all where none was named.</summary>
    public IReadOnlyList<StreamKey> Among(ParseResult arguments, IReadOnlyList<StreamKey> streams)
    {
        IReadOnlyList<string> nodes = Nodes(arguments);
        BarInterval? interval = Interval(arguments);
        return
        [
            .. streams.Where(stream =>
                (nodes.Count == 0 || nodes.Contains(stream.NodeId)) && (interval is null || stream.Interval == interval)),
        ];
    }

    /// <summary>The streams of all given nodes, for a command that requires them.</summary>
    /// <exception cref="UsageException">A node id cannot be one.</exception>
    public IReadOnlyList<StreamKey> Streams(ParseResult arguments)
    {
        BarInterval interval = Interval(arguments) ?? throw new UsageException("Which bars? Give --interval, for example 1m.");
        try
        {
            return [.. Nodes(arguments).Select(node => new StreamKey(node, interval))];
        }
        catch (ArgumentException exception)
        {
            throw UsageException.From(exception);
        }
    }
}
