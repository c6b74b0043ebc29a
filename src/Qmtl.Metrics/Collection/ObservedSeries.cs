using System.Diagnostics.Metrics;
using Qmtl.Telemetry;

namespace Qmtl.Metrics.Collection;

/// <summary>
/// The series of an observable instrument: those it tells of when it is asked, in the order in which it does. What it no longer
/// tells of is gone.
/// </summary>
internal sealed class ObservedSeries(Instrument instrument, MetricType type, int limit, SeriesOverflow overflow) : InstrumentSeries(instrument, type, limit, overflow)
{
    // How many series that are gone may stand between two that stayed, and the labels are still found again.
    private const int LookAhead = 8;

    private MetricPoint[] _last = [];
    private List<MetricPoint> _points = [];
    private int _next;

    public override void Begin()
    {
        _points = new List<MetricPoint>(_last.Length);
        _next = 0;
    }

    public override void Measure(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (_points.Count == Limit)
        {
            Overflow.Count();
        }
        else
        {
            _points.Add(new MetricPoint(LabelsOf(tags), value));
        }
    }

    protected override IReadOnlyList<MetricPoint> Read() => _last = [.. _points];

    // An instrument tells in the same order as the last time, more or less: labels are taken from there and not made anew.
    private LabelSet LabelsOf(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        int end = Math.Min(_last.Length, _next + LookAhead);
        for (int i = _next; i < end; i++)
        {
            if (_last[i].Labels.Matches(tags))
            {
                _next = i + 1;
                return _last[i].Labels;
            }
        }

        return LabelSet.From(tags);
    }
}
