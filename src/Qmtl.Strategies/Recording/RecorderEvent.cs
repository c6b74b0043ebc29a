using Qmtl.Data;

namespace Qmtl.Recording;

/// <summary>Something that happened to recorded rows, for logs and metrics. Events come from any thread.</summary>
/// <param name="Destination">The recorder's display name.</param>
public abstract record RecorderEvent(string Destination);

/// <summary>A batch is delivered: its rows can be read from the recorder's store.</summary>
/// <param name="Destination">The recorder's display name.</param>
/// <param name="Rows">Rows in the batch, with those set aside.</param>
/// <param name="Duration">How long it took, waits for the recorder included.</param>
public sealed record RecorderFlushed(string Destination, long Rows, TimeSpan Duration) : RecorderEvent(Destination);

/// <summary>The recorder cannot take rows now. They are kept, and delivered when it is back. Raised once for each absence.</summary>
/// <param name="Destination">The recorder's display name.</param>
/// <param name="Error">Why.</param>
public sealed record RecorderAway(string Destination, Exception Error) : RecorderEvent(Destination);

/// <summary>Rows were taken, and yet something is to be known of the recorder's store. Each is raised once.</summary>
/// <param name="Destination">The recorder's display name.</param>
/// <param name="Stream">The rows' stream.</param>
/// <param name="Warning">What it is and what to do, in sentences.</param>
public sealed record RecorderWarned(string Destination, StreamKey Stream, string Warning) : RecorderEvent(Destination);

/// <summary>The recorder takes rows again.</summary>
/// <param name="Destination">The recorder's display name.</param>
/// <param name="Duration">How long it was away.</param>
public sealed record RecorderBack(string Destination, TimeSpan Duration) : RecorderEvent(Destination);

/// <summary>The spool has reached its limit: whoever records now waits until rows are delivered. Raised once until there is room again.</summary>
/// <param name="Destination">The recorder's display name.</param>
/// <param name="Bytes">What the spool takes, on disk and in memory.</param>
public sealed record RecorderSpoolFull(string Destination, long Bytes) : RecorderEvent(Destination);

/// <summary>
/// The spool cannot be written: rows are kept in memory until it can, or are delivered from there, and would not outlive the process.
/// Raised once until the spool can be written again.
/// </summary>
/// <param name="Destination">The recorder's display name.</param>
/// <param name="Folder">The spool's folder.</param>
/// <param name="Error">Why, for example a full disk.</param>
public sealed record RecorderSpoolUnavailable(string Destination, string Folder, Exception Error) : RecorderEvent(Destination);

/// <summary>
/// A file of the spool is damaged. What could be read of it is delivered; the file stays, under a name that ends in <c>.damaged</c>, or
/// under its own where it cannot be read at all.
/// </summary>
/// <param name="Destination">The recorder's display name.</param>
/// <param name="File">The file; the spool's folder where that cannot be read.</param>
public sealed record RecorderSpoolDamaged(string Destination, string File) : RecorderEvent(Destination);

/// <summary>The recorder refuses rows for good, for example because a column of its table is of another type. They are set aside as lines of JSON.</summary>
/// <param name="Destination">The recorder's display name.</param>
/// <param name="Stream">The stream.</param>
/// <param name="Rows">How many rows.</param>
/// <param name="File">The file that they are in.</param>
/// <param name="Error">Why.</param>
public sealed record RecorderRowsRefused(string Destination, StreamKey Stream, long Rows, string File, Exception Error) : RecorderEvent(Destination);

/// <summary>Rows that were set aside were to be retried and cannot be, for example because a line of their file cannot be understood. The file stays as it is.</summary>
/// <param name="Destination">The recorder's display name.</param>
/// <param name="File">The file that they are in.</param>
/// <param name="Error">Why.</param>
public sealed record RecorderRetryFailed(string Destination, string File, Exception Error) : RecorderEvent(Destination);

/// <summary>The service was disposed. What it could not deliver stays in the spool for the next process that records there.</summary>
/// <param name="Destination">The recorder's display name.</param>
/// <param name="Report">What became of the rows.</param>
public sealed record RecorderClosed(string Destination, RecorderReport Report) : RecorderEvent(Destination);
