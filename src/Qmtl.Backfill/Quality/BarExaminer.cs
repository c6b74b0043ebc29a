using System.Globalization;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Quality;

/// <summary>
/// Looks at the bars of a stream in their order, a page at a time. It keeps what it must know of earlier ones, and no bars.
/// </summary>
public sealed class BarExaminer
{
    private readonly StreamKey _stream;
    private readonly HashSet<BarCheck> _checks;
    private readonly StepRuns _steps;
    private readonly PriceMoves _moves;
    private readonly List<BarFinding> _found = [];

    /// <summary>An examiner of one stream.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="options">What it looks for; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is outside its limits.</exception>
    public BarExaminer(StreamKey stream, ExaminationOptions? options = null)
    {
        options ??= new ExaminationOptions();
        options.Validate();
        _stream = stream;
        _checks = [.. options.Checks];
        _steps = new StepRuns(stream.Interval);
        _moves = new PriceMoves(stream.Interval, options);
    }

    /// <summary>Looks at the next bars, and returns what was found since the last call.</summary>
    public IReadOnlyList<BarFinding> Add(BarFrame frame)
    {
        ArgumentNullException.ThrowIfNull(frame);
        BarRules.Find(frame.Columns, broken =>
            Tell(broken.Check, At(frame.Timestamps[broken.Row]), broken.Column, broken.Value, broken.Expected, broken.ToString()));
        _steps.Add(frame.Timestamps, TellOfSteps);
        _moves.Add(frame, Tell);
        return Take();
    }

    /// <summary>
    /// Looks at an answer of a source as it came: its rows, and then the bars that would be taken of it. Pages come in the order of time.
    /// </summary>
    /// <param name="raw">The answer.</param>
    /// <param name="asked">The bars that were asked for.</param>
    /// <param name="lastClosedBar">The open of the last bar that has closed: Unix seconds, UTC.</param>
    public IReadOnlyList<BarFinding> Add(RawBars raw, TimeRange asked, long lastClosedBar)
    {
        ArgumentNullException.ThrowIfNull(raw);
        ReadOnlySpan<long> times = raw.Timestamps.Span;
        var seen = new HashSet<long>();
        int direction = 0;
        for (int row = 0; row < times.Length; row++)
        {
            int nanoseconds = raw.Nanoseconds.IsEmpty ? 0 : raw.Nanoseconds.Span[row];
            if (nanoseconds > 0 || !_stream.Interval.IsOnGrid(times[row]) || !seen.Add(times[row]))
            {
                AddPassedOver(times[row], nanoseconds);
            }

            int step = row == 0 ? 0 : times[row].CompareTo(times[row - 1]);
            direction = direction == 0 ? step : direction;
            if (step != 0 && step != direction)
            {
                Tell(
                    BarCheck.Order,
                    At(times[row]),
                    null,
                    null,
                    direction > 0 ? "after all earlier ones" : "before all earlier ones",
                    $"the row stands after that of {UnixTime.Format(times[row - 1])}, among rows that "
                        + (direction > 0 ? "ascend" : "descend"));
            }
        }

        return Add(raw.Validate(_stream.Interval, asked, lastClosedBar).Frame);
    }

    /// <summary>
    /// Notes a row beside the bars: one off the grid, or another one of a bar. It is told with the next bars.
    /// </summary>
    /// <param name="time">The row's time: Unix seconds, UTC.</param>
    /// <param name="nanoseconds">How far past its second it opens.</param>
    public void AddPassedOver(long time, int nanoseconds = 0)
    {
        if (nanoseconds == 0 && _stream.Interval.IsOnGrid(time))
        {
            Tell(BarCheck.Duplicate, At(time), null, null, "one row a bar", "there is another row of this bar");
            return;
        }

        string rule = $"{_stream.Interval} bars {_stream.Interval.DescribeGrid()}";
        Tell(BarCheck.OffGrid, At(time), null, null, rule, $"no {_stream.Interval} bar opens then; {rule}");
    }

    /// <summary>Returns what the end of the bars tells: runs that end there.</summary>
    public IReadOnlyList<BarFinding> Complete()
    {
        _steps.Complete(TellOfSteps);
        _moves.Complete(Tell);
        return Take();
    }

    private void TellOfSteps(TimeRange range, string other, int rows) => Tell(
        BarCheck.WrongInterval,
        range,
        null,
        other,
        _stream.Interval.ToString(),
        string.Create(
            CultureInfo.InvariantCulture,
            $"{rows} rows up to {UnixTime.Format(range.End)} are evidently {other} bars, as they open every {other}"));

    private static TimeRange At(long time) => new(time, time);

    private void Tell(BarCheck check, TimeRange range, string? column, object? value, string expected, string message)
    {
        if (_checks.Contains(check))
        {
            _found.Add(new BarFinding
            {
                Stream = _stream,
                Check = check,
                Range = range,
                Column = column,
                Value = value,
                Expected = expected,
                Message = message,
            });
        }
    }

    private BarFinding[] Take()
    {
        BarFinding[] found = [.. _found.OrderBy(finding => finding.Range.Start)];
        _found.Clear();
        return found;
    }
}

/// <summary>
/// Tells stretches of rows that are evidently bars of another interval: one and the same step between them, again and again, that is not
/// the stream's. How often is enough depends on how usual the step is in the stream otherwise, so that a sparse market is none.
/// </summary>
internal sealed class StepRuns(BarInterval interval)
{
    // How seldom bars of the stream itself may happen to lie so.
    private const double Certainty = 1e-9;
    private const int LongestStep = 4096;
    private const int LeastRows = 4;

    private readonly Dictionary<long, long> _counts = [];
    private long? _last;
    private long _steps;
    private long _step;
    private long _start;
    private int _length;

    public void Add(ReadOnlySpan<long> times, Action<TimeRange, string, int> tell)
    {
        foreach (long time in times)
        {
            if (_last is { } last)
            {
                long step = interval.CountBetween(last, time) - 1;
                if (step != _step)
                {
                    End(last, isWhole: false, tell);
                    (_step, _start, _length) = (step, last, 0);
                }

                _length++;
            }

            _last = time;
        }
    }

    public void Complete(Action<TimeRange, string, int> tell)
    {
        if (_last is { } last)
        {
            End(last, isWhole: _steps == 0, tell);
        }

        (_last, _step, _length) = (null, 0, 0);
    }

    private void End(long last, bool isWhole, Action<TimeRange, string, int> tell)
    {
        double usual = (_counts.GetValueOrDefault(_step) + 1.0) / (_steps + 4.0);
        if (_step > 1 && (Math.Pow(usual, _length) < Certainty || (isWhole && _length + 1 >= LeastRows)))
        {
            tell(new TimeRange(_start, last), interval.Times(_step).ToString(), _length + 1);
        }
        else if (_step is > 0 and <= LongestStep)
        {
            _counts[_step] = _counts.GetValueOrDefault(_step) + _length;
        }

        _steps += _length;
    }
}
