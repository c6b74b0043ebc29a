using Qmtl.Data;

namespace Qmtl.Keeping;

/// <summary>
/// Tells when streams have new bars: whoever keeps them complete implements it, and whoever goes on with them waits on it. It is a signal
/// and hands over nothing: the bars are read from the store, so that none can be lost or come twice on the way.
/// </summary>
public interface IBarWatch
{
    /// <summary>
    /// Waits until the bar that follows <paramref name="after"/> has closed and is stored or known not to exist.
    /// </summary>
    /// <remarks>
    /// Only what follows <paramref name="after"/> counts. A hole before it keeps nothing back, and one behind it is where the answer ends:
    /// whoever gives a hole up waits for what comes after it. Several may wait for one stream at once, after different bars.
    /// </remarks>
    /// <param name="stream">The stream.</param>
    /// <param name="after">A bar's open: Unix seconds, UTC.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>
    /// The open (Unix seconds, UTC) of the last bar up to which all bars after <paramref name="after"/> are stored or known not to exist.
    /// It is later than <paramref name="after"/>, of a bar that has closed.
    /// </returns>
    /// <exception cref="ArgumentException">Nobody keeps this stream here.</exception>
    /// <exception cref="InvalidOperationException">The keeping has ended, and no bar will come any more.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    ValueTask<long> WaitForBarAfterAsync(StreamKey stream, long after, CancellationToken cancellationToken = default);
}
