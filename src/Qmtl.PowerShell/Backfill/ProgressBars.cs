using System.Globalization;
using System.Management.Automation;
using Qmtl.Data;
using Qmtl.Messages;
using Qmtl.Telemetry.Progress;

namespace Qmtl.PowerShell.Backfill;

/// <summary>
/// Makes PowerShell's progress bars of how far a run is: one for the whole run and below it one for each of the first few streams that
/// are under way. To be called on the pipeline thread.
/// </summary>
internal sealed class ProgressBars
{
    // Ids that a script's own progress bars will hardly use.
    private const int OverallId = 5170;
    private const int MaximumStreamBars = 4;

    private readonly StreamKey?[] _slots = new StreamKey?[MaximumStreamBars];
    private bool _isShown;

    /// <summary>The records to write: bars of streams that have ended are taken away, and their ids are used again.</summary>
    public IEnumerable<ProgressRecord> Show(BackfillProgress progress)
    {
        if (progress.Streams == 0)
        {
            return [];
        }

        _isShown = true;
        List<ProgressRecord> records = [Overall(progress), .. Vacate(stream => progress.Active.All(active => active.Stream != stream))];
        records.AddRange(from active in progress.Active let slot = SlotOf(active.Stream) where slot >= 0 select OfStream(slot, active));
        return records;
    }

    /// <summary>The records that take all bars away that are shown.</summary>
    public IEnumerable<ProgressRecord> TakeAway() => !_isShown ? [] : [.. Vacate(_ => true), Completed(OverallId, -1)];

    private static int IdOf(int slot) => OverallId + 1 + slot;

    private static ProgressRecord Completed(int id, int parent) =>
        new(id, "Done", " ") { ParentActivityId = parent, RecordType = ProgressRecordType.Completed };

    private static ProgressRecord Overall(BackfillProgress progress) => new(
        OverallId,
        "Backfilling",
        Join(
            Bars(progress.BarsDone, progress.BarsPlanned),
            Rate(progress.BarsPerSecond),
            $"{progress.StreamsEnded} of {progress.Streams} streams done"))
    {
        PercentComplete = Percent(progress.Fraction),
        SecondsRemaining = Seconds(progress.TimeLeft),
    };

    private static ProgressRecord OfStream(int slot, StreamProgress stream) => new(
        IdOf(slot),
        PlainText.OneLine(stream.Stream.ToString()),
        stream.Waiting is { } waiting
            ? PlainText.OneLine(waiting)
            : Join(Bars(stream.BarsDone, stream.BarsPlanned), Rate(stream.BarsPerSecond)))
    {
        ParentActivityId = OverallId,
        PercentComplete = Percent(stream.Fraction),
        SecondsRemaining = Seconds(stream.TimeLeft),
    };

    private static string Bars(long done, long? planned) => planned is null
        ? string.Create(CultureInfo.InvariantCulture, $"{done:N0} bars")
        : string.Create(CultureInfo.InvariantCulture, $"{done:N0} of {planned:N0} bars");

    private static string Rate(double? perSecond) =>
        perSecond is null ? "" : string.Create(CultureInfo.InvariantCulture, $"{perSecond:N0} bars/s");

    private static string Join(params IEnumerable<string> parts) => string.Join(", ", parts.Where(part => part.Length > 0));

    // PowerShell's word for "not known" is -1, for both.
    private static int Percent(double? fraction) => fraction is { } known ? (int)(known * 100) : -1;

    private static int Seconds(TimeSpan? left) => left is { } known ? (int)Math.Min(int.MaxValue, Math.Ceiling(known.TotalSeconds)) : -1;

    private List<ProgressRecord> Vacate(Predicate<StreamKey> hasEnded)
    {
        var records = new List<ProgressRecord>();
        for (int slot = 0; slot < _slots.Length; slot++)
        {
            if (_slots[slot] is { } stream && hasEnded(stream))
            {
                _slots[slot] = null;
                records.Add(Completed(IdOf(slot), OverallId));
            }
        }

        return records;
    }

    private int SlotOf(StreamKey stream)
    {
        int slot = Array.IndexOf(_slots, stream);
        if (slot < 0 && (slot = Array.IndexOf(_slots, null)) >= 0)
        {
            _slots[slot] = stream;
        }

        return slot;
    }
}
