using System.CommandLine;
using Qmtl.Cli.Hosting;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Cli.Commands;

/// <summary>
/// The options that say which bars: <c>--start</c> and <c>--end</c>, both inclusive, by the bars' opens, and in place of a start
/// <c>--last</c> and <c>--days</c>.
/// </summary>
internal sealed class RangeOptions
{
    private readonly TimeProvider _timeProvider;
    private readonly Option<DateTimeOffset?> _start;
    private readonly Option<DateTimeOffset?> _end;
    private readonly Option<int?> _days = new("--days")
    {
        Description = "In place of --start: so many days before --end, or else before now.",
        HelpName = "count",
        CustomParser = OptionParsing.WholeNumber(1, 20_000),
    };

    private readonly Option<AskedSpan?> _last = new("--last")
    {
        Description = "In place of --start: so many bars (100), or so long (30d, 12h, 3M), before --end or else before now.",
        HelpName = "count|length",
        CustomParser = OptionParsing.Using<AskedSpan?>(text => AskedSpan.Parse(text)),
    };

    /// <summary>Adds the options to <paramref name="command"/>, whose help says what their defaults are.</summary>
    public RangeOptions(Command command, CliHost host, string startDefault, string endDefault)
    {
        _timeProvider = host.TimeProvider;
        _start = Create(
            isEnd: false,
            "The first bar's open: ISO 8601 (UTC unless it has an offset), so long ago (-7d), or Unix seconds. "
                + $"Default: {startDefault}.",
            "--start",
            "--since");
        _end = Create(
            isEnd: true, $"The last bar's open, itself included; of a date without a time, its last bar. Default: {endDefault}.", "--end");
        command.Options.Add(_start);
        command.Options.Add(_end);
        command.Options.Add(_last);
        command.Options.Add(_days);
        command.Validators.Add(result =>
        {
            if (new Option[] { _start, _last, _days }.Count(option => result.GetResult(option) is { Implicit: false }) > 1)
            {
                result.AddError("--start, --last and --days all say where to begin. Give one of them.");
            }
        });
    }

    /// <summary>The ends as they were given; null where one was not.</summary>
    public (DateTimeOffset? Start, DateTimeOffset? End) Ends(ParseResult arguments) =>
        (arguments.GetValue(_start), arguments.GetValue(_end));

    /// <summary>The same for a stream; bars and lengths of time are counted from the end, or else from now.</summary>
    public (DateTimeOffset? Start, DateTimeOffset? End) Ends(ParseResult arguments, BarInterval interval)
    {
        (DateTimeOffset? start, DateTimeOffset? end) = Ends(arguments);
        return (Span(arguments)?.StartOf(interval, end, _timeProvider.GetUtcNow()) ?? start, end);
    }

    /// <summary>How many bars are asked for, where that is what was given.</summary>
    public int? LastBars(ParseResult arguments) => arguments.GetValue(_last)?.Bars;

    /// <summary>Whether it is said where to begin.</summary>
    public bool HasStart(ParseResult arguments) => arguments.GetValue(_start) is not null || Span(arguments) is not null;

    /// <summary>
    /// The range that was given, either end of which may be open. Stored bars that are counted from the end are not in it.
    /// </summary>
    /// <param name="arguments">What was given.</param>
    /// <param name="interval">The stream's interval, from whose last bar on a length of time is counted; null where a start alone
    /// counts.</param>
    /// <exception cref="UsageException">The start is after the end.</exception>
    public TimeRange Given(ParseResult arguments, BarInterval? interval = null)
    {
        try
        {
            DateTimeOffset? end = arguments.GetValue(_end);
            DateTimeOffset? start = interval is { } of && Span(arguments) is { Bars: null } span
                ? span.StartOf(of, end, _timeProvider.GetUtcNow())
                : arguments.GetValue(_start);
            return AskedRange.Between(start, end);
        }
        catch (ArgumentException exception)
        {
            throw UsageException.From(exception);
        }
    }

    /// <summary>
    /// The range that was given, either end of which may be open; bars and lengths of time are counted from the end, or else from now.
    /// </summary>
    /// <param name="arguments">What was given.</param>
    /// <param name="interval">The stream's interval.</param>
    /// <exception cref="UsageException">The start is after the end.</exception>
    public TimeRange Within(ParseResult arguments, BarInterval interval)
    {
        try
        {
            (DateTimeOffset? start, DateTimeOffset? end) = Ends(arguments, interval);
            return AskedRange.Between(start, end);
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
    /// <param name="extent">All that the source has, where it says so; it then is the default for both ends, as far as that makes a
    /// range.</param>
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
        try
        {
            (DateTimeOffset? start, DateTimeOffset? end) = Ends(arguments, stream.Interval);
            (start, end) = AskedRange.Within(start, end, extent);
            start ??= AskedRange.FirstBar(
                stream, await store.GetCoverageAsync(stream, cancellationToken: cancellationToken), store.Info.DisplayName, "--start");
            return AskedRange.Closed(stream.Interval, start.Value, end, now, out string? note) ?? throw new UsageException(note!);
        }
        catch (ArgumentException exception)
        {
            throw UsageException.From(exception);
        }
    }

    /// <summary>How many bars or how long before the end, where that is what was given.</summary>
    public AskedSpan? Span(ParseResult arguments) => arguments.GetValue(_days) is { } days
        ? AskedSpan.Parse($"{days}d")
        : arguments.GetValue(_last);

    private Option<DateTimeOffset?> Create(bool isEnd, string description, string name, params string[] aliases) => new(name, aliases)
    {
        Description = description,
        HelpName = "time",
        CustomParser = OptionParsing.Using<DateTimeOffset?>(text => AskedTime.Parse(text, _timeProvider.GetUtcNow(), isEnd)),
    };
}
