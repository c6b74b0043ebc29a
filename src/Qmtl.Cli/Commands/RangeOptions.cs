using System.CommandLine;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Cli.Commands;

/// <summary>The options that say which bars: <c>--start</c> and <c>--end</c>, both inclusive, by the bars' opens.</summary>
internal sealed class RangeOptions
{
    private readonly Option<long?> _start;
    private readonly Option<long?> _end;

    /// <summary>Adds the options to <paramref name="command"/>, whose help says what their defaults are.</summary>
    public RangeOptions(Command command, string startDefault, string endDefault)
    {
        _start = Create("--start", $"The first bar's open: ISO 8601 (UTC unless it has an offset) or Unix seconds. Default: {startDefault}.");
        _end = Create("--end", $"The last bar's open, itself included. Default: {endDefault}.");
        command.Options.Add(_start);
        command.Options.Add(_end);
    }

    /// <summary>Both ends as they were given, Unix seconds (UTC), null where they were not.</summary>
    /// <exception cref="UsageException">The start is after the end.</exception>
    public (long? Start, long? End) Given(ParseResult arguments)
    {
        (long? start, long? end) = (arguments.GetValue(_start), arguments.GetValue(_end));
        if (start > end)
        {
            throw new UsageException($"--start {UnixTime.Format(start.Value)} is after --end {UnixTime.Format(end.Value)}. Swap the two.");
        }

        return (start, end);
    }

    /// <summary>
    /// The bars of <paramref name="stream"/> that should be there: from the start, or else the first bar in <paramref name="store"/>,
    /// to the end, or else the last bar that has closed; never a bar that has not.
    /// </summary>
    /// <param name="arguments">What was given.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="store">Where it is kept.</param>
    /// <param name="now">The time that decides which bars have closed.</param>
    /// <param name="extent">All that the source has, where it says so; it then is the default for both ends.</param>
    /// <param name="cancellationToken">Ends the query.</param>
    /// <exception cref="UsageException">No start was given and nothing is stored, or no bar opens inside, or none of them has closed yet.</exception>
    public async Task<TimeRange> ResolveAsync(
        ParseResult arguments, StreamKey stream, IHistoryStore store, DateTimeOffset now, TimeRange? extent = null, CancellationToken cancellationToken = default)
    {
        (long? givenStart, long? givenEnd) = Given(arguments);
        long start = givenStart ?? extent?.Start ?? await FirstStoredBarAsync(stream, store, cancellationToken);
        long lastClosed = stream.Interval.LastClosedBar(now);
        if (start > lastClosed)
        {
            throw new UsageException($"No {stream.Interval} bar from {UnixTime.Format(start)} on has closed yet; the last closed one opened at {UnixTime.Format(lastClosed)}.");
        }

        long end = Math.Min(givenEnd ?? extent?.End ?? lastClosed, lastClosed);
        TimeRange? range = start <= end ? new TimeRange(start, end).AlignTo(stream.Interval) : null;
        return range ?? throw new UsageException($"No {stream.Interval} bar opens from {UnixTime.Format(start)} to {UnixTime.Format(end)}. Widen the range.");
    }

    private static async Task<long> FirstStoredBarAsync(StreamKey stream, IHistoryStore store, CancellationToken cancellationToken)
    {
        TimeRangeSet stored = await store.GetCoverageAsync(stream, cancellationToken: cancellationToken);
        return stored.Bounds?.Start
            ?? throw new UsageException($"Nothing of {stream} is in {store.DisplayName}, so there is no first bar to start at. Give --start.");
    }

    private static Option<long?> Create(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "time",
        CustomParser = OptionParsing.Using<long?>(text => UnixTime.Parse(text).ToUnixTimeSeconds()),
    };
}
