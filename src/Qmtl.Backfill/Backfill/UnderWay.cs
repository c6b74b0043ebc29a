using Qmtl.Data;
using Qmtl.Fetching;

namespace Qmtl.Backfill;

/// <summary>
/// What the calling code is part of: work on streams that waits for sources and providers. One of them that starts the same work in turn
/// would wait for itself, or call itself for ever.
/// </summary>
internal sealed class UnderWay : IDisposable
{
    // Far beyond what is meant: sources that build on one another are two or three deep.
    private const int Deepest = 32;

    private static readonly AsyncLocal<UnderWay?> Innermost = new();

    private readonly StreamKey _stream;
    private volatile object[] _parties;
    private readonly UnderWay? _outer;

    private UnderWay(StreamKey stream, object[] parties, UnderWay? outer) => (_stream, _parties, _outer) = (stream, parties, outer);

    /// <summary>
    /// Notes what begins, for what the calling method awaits. It must be called by the method that does the work, and not by one that only
    /// starts it.
    /// </summary>
    /// <param name="stream">The stream that is worked on.</param>
    /// <param name="parties">Each of them must not work on that stream within its own work on it.</param>
    /// <returns>To be disposed when the work has ended: tasks that a source left behind are no part of it any more.</returns>
    public static IDisposable Enter(StreamKey stream, params object[] parties) =>
        Innermost.Value = new UnderWay(stream, parties, Innermost.Value);

    /// <summary>Refuses work that would never end.</summary>
    /// <param name="stream">The stream to be worked on.</param>
    /// <param name="parties">As for <see cref="Enter"/>.</param>
    /// <exception cref="SourceException">It is part of the same work.</exception>
    public static void Require(StreamKey stream, params object[] parties)
    {
        int depth = 0;
        for (UnderWay? outer = Innermost.Value; outer is not null; outer = outer._outer)
        {
            object[] others = outer._parties;
            depth += others.Length > 0 ? 1 : 0;
            if (outer._stream == stream && others.Intersect(parties).Any())
            {
                throw new SourceException(
                    $"The history of {stream} is being completed, and the source or provider that is asked for it completes the same in "
                        + $"turn, which would never end. Have it take its bars elsewhere.");
            }
        }

        if (depth >= Deepest)
        {
            throw new SourceException(
                $"{depth} sources and providers wait for one another, and for {stream} one more is asked. They must not ask one another in "
                    + $"a circle.");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _parties = [];
}
