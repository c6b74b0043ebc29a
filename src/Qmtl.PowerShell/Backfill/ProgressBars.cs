using System.Globalization;
using System.Management.Automation;
using Qmtl.Backfill;
using Qmtl.Data;

namespace Qmtl.PowerShell.Backfill;

/// <summary>
/// Counts what a run has done, from the engine's events on any thread, and makes of it one bar for the whole run and below it
/// one for each of the first few streams that are at work.
/// </summary>
internal sealed class BackfillProgress(int streams, TimeProvider timeProvider)
{
    // Ids that a script's own progress bars will hardly use.
    private const int OverallId = 5170;
    private const int MaximumStreamBars = 4;

    private readonly Lock _gate = new();
    private readonly long _started = timeProvider.GetTimestamp();
    private readonly Dictionary<StreamKey, StreamCount> _active = [];
    private readonly bool[] _slots = new bool[MaximumStreamBars];
    private readonly List<int> _released = [];
    private long _planned;
    private long _settled;
    private int _ended;
    private bool _changed;

    private sealed class StreamCount
    {
        public int? Slot { get; init; }

        public long Planned { get; set; }

        public long Settled { get; set; }

        public string? Waiting { get; set; }
    }

    /// <summary>Takes note of an event.</summary>
    public void Add(BackfillEvent happened)
    {
        lock (_gate)
        {
            _changed = true;
            switch (happened)
            {
                case BackfillStarted { Stream: var stream } when !_active.ContainsKey(stream):
                    _active.Add(stream, new StreamCount { Slot = TakeSlot() });
                    break;
                case BackfillPlanned { Stream: var stream, BarsMissing: var bars } when _active.TryGetValue(stream, out StreamCount? count):
                    count.Planned += bars;
                    _planned += bars;
                    break;
                case BackfillPageCommitted { Stream: var stream, BarsAsked: var bars } when _active.TryGetValue(stream, out StreamCount? count):
                    count.Settled += bars;
                    count.Waiting = null;
                    _settled += bars;
                    break;
                case BackfillRetrying { Stream: var stream } retry when _active.TryGetValue(stream, out StreamCount? count):
                    count.Waiting = string.Create(CultureInfo.InvariantCulture, $"retry {retry.Attempt} in {retry.Delay.TotalSeconds:0.0} s: {retry.Error.Message}");
                    break;
                case BackfillEnded { Stream: var stream } when _active.Remove(stream, out StreamCount? count):
                    _ended++;
                    if (count.Slot is { } slot)
                    {
                        _slots[slot] = false;
                        _released.Add(slot);
                    }

                    break;
            }
        }
    }

    /// <summary>The progress records to write, or none where nothing has changed since the last time.</summary>
    public IReadOnlyList<ProgressRecord> TakeChanges()
    {
        lock (_gate)
        {
            if (!_changed)
            {
                return [];
            }

            _changed = false;
            var records = new List<ProgressRecord> { Overall() };
            foreach (int slot in _released.Where(slot => !_slots[slot]))
            {
                records.Add(new ProgressRecord(IdOf(slot), "Done", " ") { ParentActivityId = OverallId, RecordType = ProgressRecordType.Completed });
            }

            _released.Clear();
            records.AddRange(from pair in _active where pair.Value.Slot is not null select OfStream(pair.Key, pair.Value));
            return records;
        }
    }

    /// <summary>The records that take all bars away.</summary>
    public static IEnumerable<ProgressRecord> TakeAway() =>
        from id in Enumerable.Range(OverallId, MaximumStreamBars + 1).Reverse()
        select new ProgressRecord(id, "Done", " ") { RecordType = ProgressRecordType.Completed };

    private static int IdOf(int slot) => OverallId + 1 + slot;

    private static int Percent(long part, long whole) => whole == 0 ? -1 : (int)Math.Min(100, part * 100 / whole);

    private int? TakeSlot()
    {
        int slot = Array.IndexOf(_slots, false);
        if (slot < 0)
        {
            return null;
        }

        _slots[slot] = true;
        return slot;
    }

    private ProgressRecord Overall()
    {
        double seconds = timeProvider.GetElapsedTime(_started).TotalSeconds;
        double rate = seconds > 0 ? _settled / seconds : 0;
        string text = string.Create(CultureInfo.InvariantCulture, $"{_settled:N0} of {_planned:N0} bars, {rate:N0} bars/s, {_ended} of {streams} streams done");
        return new ProgressRecord(OverallId, "Backfilling", text)
        {
            PercentComplete = Percent(_settled, _planned),
            SecondsRemaining = rate > 0 ? (int)Math.Min(int.MaxValue, (_planned - _settled) / rate) : -1,
        };
    }

    private static ProgressRecord OfStream(StreamKey stream, StreamCount count) =>
        new(IdOf(count.Slot!.Value), stream.ToString(), count.Waiting ?? string.Create(CultureInfo.InvariantCulture, $"{count.Settled:N0} of {count.Planned:N0} bars"))
        {
            ParentActivityId = OverallId,
            PercentComplete = Percent(count.Settled, count.Planned),
        };
}
