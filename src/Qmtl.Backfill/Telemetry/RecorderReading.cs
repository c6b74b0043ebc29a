namespace Qmtl.Telemetry;

/// <summary>What a recorder says of itself at one moment. All counts are rows.</summary>
/// <param name="Queued">Waiting to be delivered now.</param>
/// <param name="Spooled">Those of them that wait in the journal on disk.</param>
/// <param name="Delivered">Taken by the store since the recorder was made.</param>
/// <param name="Dropped">Given up, refused ones included, since the recorder was made.</param>
internal readonly record struct RecorderReading(long Queued, long Spooled, long Delivered, long Dropped)
{
    public static RecorderReading operator +(RecorderReading a, RecorderReading b) =>
        new(a.Queued + b.Queued, a.Spooled + b.Spooled, a.Delivered + b.Delivered, a.Dropped + b.Dropped);
}
