namespace Qmtl.Recording;

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
