using System.CommandLine;
using Qmtl.Cli.Hosting;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Cli.Commands;

/// <summary>The options that say which bars: <c>--start</c> and <c>--end</c>, both inclusive, by the bars' opens.</summary>
internal sealed class RangeOptions
{
    private readonly Option<DateTimeOffset?> _start;
    private readonly Option<DateTimeOffset?> _end;

    /// <summary>Adds the options to <paramref name="command"/>, whose help says what their defaults are.</summary>
    public RangeOptions(Command command, string startDefault, string endDefault)
    {
        _start = Create(
            "--start", $"The first bar's open: ISO 8601 (UTC unless it has an offset) or Unix seconds. Default: {startDefault}.");
        _end = Create("--end", $"The last bar's open, itself included. Default: {endDefault}.");
        command.Options.Add(_start);
        command.Options.Add(_end);
    }

    /// <summary>The ends as they were given; null where one was not.</summary>
    public (DateTimeOffset? Start, DateTimeOffset? End) Ends(ParseResult arguments) =>
        (arguments.GetValue(_start), arguments.GetValue(_end));

    /// <summary>The range that was given, either end of which may be open.</summary>
    /// <exception cref="UsageException">The start is after the end.</exception>
    public TimeRange Given(ParseResult arguments)
    {
        try
        {
            return AskedRange.Between(arguments.GetValue(_start), arguments.GetValue(_end));
        }
        catch (ArgumentException exception)
        {
            throw UsageException.From(exception);
        }
    }

    /// <summary>
    /// The bars of <paramref name="stream"/> that should be there: from the start, or else the first bar in <paramref name="store"/>,
    /// to the end, or else the last bar that has closed; never a bar that has not.
    /// </summary>
    /// <param name="arguments">What was given.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="store">Where it is kept.</param>
    /// <param name="now">The time that decides which bars have closed.</param>
    /// <param name="extent">All that the source has, where it says so; it then is the default for both ends, as far as that makes a range.</param>
    /// <param name="cancellationToken">Ends the query.</param>
    /// <exception cref="UsageException">No start was given and nothing is stored, or no bar opens inside, or none of them has closed
    /// yet.</exception>
    public async Task<TimeRange> ResolveAsync(
        ParseResult arguments,
        StreamKey stream,
        IHistoryStore store,
        DateTimeOffset now,
        TimeRange? extent = null,
        CancellationToken cancellationToken = default)
    {
        (DateTimeOffset? start, DateTimeOffset? end) = AskedRange.Within(arguments.GetValue(_start), arguments.GetValue(_end), extent);
        try
        {
            start ??= AskedRange.FirstBar(
                stream, await store.GetCoverageAsync(stream, cancellationToken: cancellationToken), store.Info.DisplayName, "--start");
            return AskedRange.Closed(stream.Interval, start.Value, end, now, out string? note) ?? throw new UsageException(note!);
        }
        catch (ArgumentException exception)
        {
            throw UsageException.From(exception);
        }
    }

    private static Option<DateTimeOffset?> Create(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "time",
        CustomParser = OptionParsing.Using<DateTimeOffset?>(text => UnixTime.Parse(text)),
    };
}
