using Qmtl.Time;

namespace Qmtl.Fetching.Files;

/// <summary>
/// Which bars the rows of a file may have been whose time could not be read: in a file in order, those between the readable neighbours
/// of each; in any other file all bars.
/// </summary>
internal sealed class UnplacedRows
{
    // What is more becomes one span, so that a file of nothing but such rows takes no memory.
    private const int MostSpans = 4096;

    private readonly List<TimeRange> _spans = [];
    private long? _first;
    private long? _last;
    private bool _isOpen;
    private bool _isAtBeginning;
    private bool _rises;
    private bool _falls;

    /// <summary>Takes a row into account whose time could not be read.</summary>
    public void AddUnreadable()
    {
        _isOpen = true;
        _isAtBeginning |= _first is null;
    }

    /// <summary>Takes a row into account whose time was read (Unix seconds, UTC).</summary>
    public void Add(long time)
    {
        if (_last is { } last)
        {
            _rises |= time > last;
            _falls |= time < last;
            if (_isOpen)
            {
                AddSpan(new TimeRange(Math.Min(last, time), Math.Max(last, time)));
            }
        }

        (_first, _last, _isOpen) = (_first ?? time, time, false);
    }

    /// <summary>Whether such a row may be a bar of the window, whose ends are inside.</summary>
    public bool MayBeIn(TimeRange window)
    {
        if (_first is not { } first || _last is not { } last || (_rises && _falls))
        {
            return _isAtBeginning || _isOpen || _spans.Count > 0;
        }

        // In a file of one time nobody knows which end is the early one.
        bool isBeforeFirst = _isAtBeginning && ((!_falls && window.Start <= first) || (!_rises && window.End >= first));
        bool isAfterLast = _isOpen && ((!_falls && window.End >= last) || (!_rises && window.Start <= last));
        return isBeforeFirst || isAfterLast || _spans.Exists(span => span.Overlaps(window));
    }

    /// <summary>Whether such a row may be a bar before a time (Unix seconds, UTC).</summary>
    public bool MayBeBefore(long time) => MayBeIn(new TimeRange(long.MinValue, time - 1));

    private void AddSpan(TimeRange span)
    {
        bool isJoined = _spans.Count > 0 && (_spans[^1].Overlaps(span) || _spans.Count == MostSpans);
        if (isJoined)
        {
            _spans[^1] = new TimeRange(Math.Min(_spans[^1].Start, span.Start), Math.Max(_spans[^1].End, span.End));
        }
        else
        {
            _spans.Add(span);
        }
    }
}
