using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Reporting;

/// <summary>What a report shows, and how much of it.</summary>
public sealed record CoveragePageOptions
{
    /// <summary>The most candles a stream that may be asked for.</summary>
    public const int MostCandles = 5000;

    /// <summary>The page's title; null for one that says what the page is; where the bars are stands below it.</summary>
    public string? Title { get; init; }

    /// <summary>The first instant that is looked at; null for each stream's first bar.</summary>
    public DateTimeOffset? Start { get; init; }

    /// <summary>In place of a start, how much before the end is looked at: so many bars of each stream, or so long.</summary>
    internal AskedSpan? Last { get; init; }

    /// <summary>The last instant that is looked at, inside; null for the last bar that has closed.</summary>
    public DateTimeOffset? End { get; init; }

    /// <summary>
    /// How many candles a stream has at most: bars are drawn together until there are no more. 500 by default. With 0 there are none, and
    /// no bar is read.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is neither 0 nor from 10 to <see cref="MostCandles"/>.</exception>
    public int Candles
    {
        get;
        init => field = value is 0 or (>= 10 and <= MostCandles)
            ? value
            : throw new ArgumentOutOfRangeException(
                nameof(value), value, $"A stream has 10 to {MostCandles} candles in a report, or 0 for none.");
    } = 500;

    /// <summary>What tests of the data found; null where none were run.</summary>
    public IReadOnlyList<ReportFinding>? Findings { get; init; }

    /// <summary>Told how many streams of how many are done.</summary>
    public Action<int, int>? OnProgress { get; init; }

    /// <summary>The clock that tells which bars have closed.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}

/// <summary>What a test of the data found in a stream.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="Rule">Which rule is broken, in a word or two.</param>
/// <param name="Range">The bars that break it, by their opens, both ends inside; null where it is the stream as a whole.</param>
/// <param name="Text">What is wrong, as a sentence.</param>
public sealed record ReportFinding(StreamKey Stream, string Rule, TimeRange? Range, string Text);
