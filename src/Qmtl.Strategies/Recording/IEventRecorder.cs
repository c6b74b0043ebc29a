using Qmtl.Data;
using Qmtl.History;

namespace Qmtl.Recording;

/// <summary>
/// Where recorded rows end up. An <see cref="EventRecorderService"/> stands before it: it keeps the rows, gathers them and calls
/// this from one task, so an implementation needs neither a queue nor retries nor locks.
/// </summary>
public interface IEventRecorder : IAsyncDisposable
{
    /// <summary>What and where it is, for people: no password, no user.</summary>
    string DisplayName { get; }

    /// <summary>
    /// What tells this destination from every other, the same in every process: rows that one process could not deliver any more
    /// are delivered by the next that records to the same identity. No password. <see cref="DisplayName"/> by default.
    /// </summary>
    string Identity => DisplayName;

    /// <summary>How many rows one <see cref="PersistAsync"/> does well to hold; 50,000 by default.</summary>
    int RowsPerWrite => StoreInfo.DefaultBarsPerWrite;

    /// <summary>
    /// What an operator should know of writes of the stream although they did not fail, a sentence each, each told once; none by default.
    /// </summary>
    IReadOnlyList<string> TakeWarnings(StreamKey stream) => [];

    /// <summary>
    /// Writes rows of one stream: a bar that is there gets the values of the columns given here and keeps its others. The same rows
    /// may come again after a process was killed, so writing them twice must leave what writing them once does.
    /// </summary>
    /// <param name="stream">The stream.</param>
    /// <param name="rows">The rows: ascending, each bar once.</param>
    /// <param name="cancellationToken">Ends the write.</param>
    /// <exception cref="StoreException">
    /// Nothing was written. Where it is transient or concerns the whole store, the rows are kept and tried again; where it is neither,
    /// they are set aside in a file. Other exceptions are taken as transient where they tell of a network, a time-out or a disk.
    /// </exception>
    /// <exception cref="PartlyPersistedException">The first rows were written, and the next failed as the wrapped exception
    /// says.</exception>
    Task PersistAsync(StreamKey stream, BarFrame rows, CancellationToken cancellationToken);
}

/// <summary>
/// A recorder that takes rows one by one took the first of a frame and failed at the next. Thrown by
/// <see cref="IEventRecorder.PersistAsync"/>, it keeps those that were taken from being given a second time; whether the next is
/// tried again or set aside is decided by what it wraps.
/// </summary>
public sealed class PartlyPersistedException : Exception
{
    /// <summary>An exception.</summary>
    /// <param name="rowsPersisted">How many of the frame's first rows were taken.</param>
    /// <param name="cause">What went wrong with the next.</param>
    public PartlyPersistedException(int rowsPersisted, Exception cause)
        : base(cause?.Message, cause)
    {
        ArgumentNullException.ThrowIfNull(cause);
        ArgumentOutOfRangeException.ThrowIfNegative(rowsPersisted);
        RowsPersisted = rowsPersisted;
    }

    /// <summary>How many of the frame's first rows were taken; the row at this index is the one that was not.</summary>
    public int RowsPersisted { get; }
}

/// <summary>A recorder or a provider that wants to learn which stream it serves, for example to name its table after it.</summary>
public interface IStreamBound
{
    /// <summary>Told once, when the stream's input is made, before anything is read or recorded.</summary>
    /// <param name="stream">The stream.</param>
    void BindStream(StreamKey stream);
}
