namespace Qmtl.Recording;

/// <summary>
/// What became of the rows that an <see cref="EventRecorderService"/> has accepted so far. Every row is counted once:
/// <see cref="Recorded"/> + <see cref="Adopted"/> = <see cref="Queued"/> + <see cref="Delivered"/> + <see cref="Refused"/> + <see cref="Dropped"/>.
/// </summary>
public sealed record RecorderReport
{
    /// <summary>Rows that this service accepted.</summary>
    public long Recorded { get; init; }

    /// <summary>
    /// Rows that a process which ended without delivering them had left, and refused ones that are retried
    /// (<see cref="EventRecorderOptions.RetryRefused"/>): all that this service took over.
    /// </summary>
    public long Adopted { get; init; }

    /// <summary>Rows still to be delivered, on disk or in memory.</summary>
    public long Queued { get; init; }

    /// <summary>Those of <see cref="Queued"/> that are on disk and outlive the process.</summary>
    public long SpooledRows { get; init; }

    /// <summary>Bytes that the spool takes on disk, room made for further rows included.</summary>
    public long SpooledBytes { get; init; }

    /// <summary>Rows that the recorder took. A bar recorded twice counts twice, and is stored once.</summary>
    public long Delivered { get; init; }

    /// <summary>Rows that the recorder refuses for good; they are in <c>*.refused</c> files in the spool's folder, until <see cref="EventRecorderOptions.RetryRefused"/>.</summary>
    public long Refused { get; init; }

    /// <summary>
    /// Rows that are lost: 0, except where the spool could not be written, the recorder was away, and the service was disposed before
    /// either came back, and where a file of the spool was damaged after its rows were counted; that file is kept.
    /// </summary>
    public long Dropped { get; init; }

    /// <summary>What the recorder, or else the spool, complained of last; null where nothing went wrong. No password.</summary>
    public string? LastError { get; init; }

    /// <summary>Whether the recorder is away just now: rows are kept until it is back.</summary>
    public bool IsAway { get; init; }

    /// <summary>The folder of the spool, with the <c>*.refused</c> files.</summary>
    public required string SpoolFolder { get; init; }
}
