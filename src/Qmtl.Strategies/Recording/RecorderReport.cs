namespace Qmtl.Recording;

/// <summary>
/// What became of the rows that an <see cref="EventRecorderService"/> has accepted so far. Every row is counted once:
/// <see cref="Recorded"/> + <see cref="Adopted"/> = <see cref="Queued"/> + <see cref="Delivered"/> + <see cref="Refused"/> +
/// <see cref="Dropped"/>.
/// </summary>
public sealed record RecorderReport
{
    /// <summary>Rows that this service accepted.</summary>
    public long Recorded { get; init; }

    /// <summary>Rows that processes which ended without delivering them had left, and that this service took over.</summary>
    public long Adopted { get; init; }

    /// <summary>Rows still to be delivered. They are on disk, and outlive the process.</summary>
    public long Queued { get; init; }

    /// <summary>The same as <see cref="Queued"/>.</summary>
    public long SpooledRows => Queued;

    /// <summary>Bytes that these rows take in the spool. Its files are larger: they have room for further rows.</summary>
    public long SpooledBytes { get; init; }

    /// <summary>Rows that the recorder took. A bar recorded twice counts twice, and is stored once.</summary>
    public long Delivered { get; init; }

    /// <summary>Rows that the recorder refuses for good; they are in <c>*.refused</c> files in the spool's folder.</summary>
    public long Refused { get; init; }

    /// <summary>
    /// Rows that are lost: 0, except where the disk did not give back a file of the spool after its rows were counted; that file is kept.
    /// </summary>
    public long Dropped { get; init; }

    /// <summary>What the recorder, or else the spool, complained of last; null where nothing went wrong. No password.</summary>
    public string? LastError { get; init; }

    /// <summary>Whether the recorder is away just now: rows are kept until it is back.</summary>
    public bool IsAway { get; init; }

    /// <summary>The folder of the spool, with the <c>*.refused</c> files.</summary>
    public required string SpoolFolder { get; init; }
}
