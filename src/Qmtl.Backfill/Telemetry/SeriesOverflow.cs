namespace Qmtl.Telemetry;

/// <summary>Counts what was not measured because a limit of series was reached, so that the loss itself can be seen.</summary>
internal sealed class SeriesOverflow
{
    private long _total;

    /// <summary>How many measurements were lost.</summary>
    public long Total => Interlocked.Read(ref _total);

    /// <summary>Counts one.</summary>
    public void Count() => Interlocked.Increment(ref _total);
}
