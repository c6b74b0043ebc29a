using System.Text.Json;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Messages;
using Qmtl.Time;

namespace Qmtl.Reporting;

/// <summary>A stream as the page shows it: its numbers, and as many of its ranges as there is room for.</summary>
internal sealed class ReportStream
{
    private readonly bool _isLate;

    /// <param name="summary">What was found.</param>
    /// <param name="mostRanges">How many ranges of each kind there is room for.</param>
    /// <param name="lastSettled">The open of the last bar that is old enough to be there; younger ones may still come.</param>
    public ReportStream(StreamSummary summary, int mostRanges, long lastSettled)
    {
        _isLate = summary.Stored.IsEmpty || (summary.Behind.Bounds is { } behind && behind.Start <= lastSettled);
        (Stream, Range, Bars) = (summary.Stream, summary.Range, summary.Stored.BarCount);
        Stored = summary.Stored.Bounds;
        Missing = new ShownRanges(summary.Missing, mostRanges);
        Behind = new ShownRanges(summary.Behind, mostRanges);
        Empty = new ShownRanges(summary.Empty, mostRanges);
    }

    /// <summary>The stream.</summary>
    public StreamKey Stream { get; }

    /// <summary>The bars that were looked at; null where there are none.</summary>
    public TimeRange? Range { get; }

    /// <summary>From the first stored bar to the last; null where there is none.</summary>
    public TimeRange? Stored { get; }

    /// <summary>How many bars are stored.</summary>
    public long Bars { get; }

    /// <summary>The bars that are missing up to the last one that is stored.</summary>
    public ShownRanges Missing { get; }

    /// <summary>The bars that are missing after it.</summary>
    public ShownRanges Behind { get; }

    private ShownRanges Empty { get; }

    /// <summary>Writes what the page knows of the stream.</summary>
    public void WriteTo(Utf8JsonWriter json, IReadOnlyDictionary<BarInterval, int> intervals)
    {
        json.WriteStartArray();
        json.WriteStringValue(PlainText.OneLine(Stream.NodeId));
        json.WriteNumberValue(intervals[Stream.Interval]);
        Write(Range);
        Write(Stored);
        json.WriteNumberValue(Bars);
        foreach (ShownRanges ranges in new[] { Missing, Behind, Empty })
        {
            json.WriteNumberValue(ranges.BarCount);
            json.WriteNumberValue(ranges.Count);
            ranges.WriteTo(json);
        }

        json.WriteBooleanValue(_isLate);
        json.WriteEndArray();

        void Write(TimeRange? range)
        {
            if (range is not { } some)
            {
                json.WriteNullValue();
                return;
            }

            json.WriteStartArray();
            json.WriteNumberValue(some.Start);
            json.WriteNumberValue(some.End);
            json.WriteEndArray();
        }
    }
}
