namespace Qmtl.Telemetry;

/// <summary>What a recorder says of itself at one moment. All counts are rows.</summary>
/// <param name="Queued">Still to be delivered, on disk or in memory.</param>
/// <param name="Spooled">Those of <paramref name="Queued"/> that are on disk and outlive the process.</param>
/// <param name="Delivered">Taken by the store since the recorder was made.</param>
/// <param name="Refused">Refused by the store for good, and set aside, since the recorder was made.</param>
/// <param name="Dropped">Lost since the recorder was made.</param>
internal readonly record struct RecorderReading(long Queued, long Spooled, long Delivered, long Refused, long Dropped)
{
    public static RecorderReading operator +(RecorderReading a, RecorderReading b) =>
        new(a.Queued + b.Queued, a.Spooled + b.Spooled, a.Delivered + b.Delivered, a.Refused + b.Refused, a.Dropped + b.Dropped);
}
