using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Fetching;

/// <summary>A source of bars, such as an exchange or a file. It only answers; what it answers is checked by whoever asked.</summary>
public interface IDataFetcher
{
    /// <summary>
    /// The source's name, for example <c>binance</c>. What a store remembers as empty it remembers under this name, so two
    /// sources that could answer differently must not share one. It is shown to operators and holds no secret.
    /// </summary>
    string Name { get; }

    /// <summary>
    /// The most bars that one request may span, where the source has such a limit or says what suits it; null, the default,
    /// where it does not say. It is a hint and no promise: what an answer did not reach is asked for by itself before it counts as empty.
    /// </summary>
    int? BarsPerRequest => null;

    /// <summary>
    /// The open (Unix seconds, UTC) of the first bar that the source can ever have of the stream, such as a symbol's listing. Bars
    /// before it are remembered as empty without being asked for. Null, the default, where that is not known.
    /// </summary>
    long? GetEarliestBar(StreamKey stream) => null;

    /// <summary>
    /// From the first to the last bar that the source has of the stream, where it can tell, as a file can; null, the default, otherwise
    /// and where it has none.
    /// </summary>
    TimeRange? GetExtent(StreamKey stream, CancellationToken cancellationToken = default) => null;

    /// <summary>
    /// How the source reads what it holds, where it has to look to know, as at a file of any form; shells tell it. Null, the default,
    /// otherwise, and until it has looked.
    /// </summary>
    SourceReading? Reading => null;

    /// <summary>
    /// Answers the bars of <paramref name="stream"/> that open inside <paramref name="range"/>, both ends included. The range ends with the
    /// last second of its last bar, so that a row which opens late is answered, too. One call is one request.
    /// </summary>
    /// <remarks>
    /// The answer may be cut at either end and hold rows outside the range. Between two of its rows none may be left out, and where there
    /// are bars of the range, one of them at least must be in it; only then is what the engine learns as empty true.
    /// </remarks>
    /// <returns>The rows as the source gave them; <see cref="RawBars.Empty"/> where it has none.</returns>
    /// <exception cref="SourceException">The source could not answer; the exception says whether asking again may help.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    Task<RawBars> FetchAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken);

    /// <summary>
    /// Answers as <see cref="FetchAsync"/> does, and tells <paramref name="onWait"/> how long the request is about to wait for the
    /// source's rate limit, each time before it does. The engine asks in this way. By default nothing is told; a source that waits
    /// overrides it.
    /// </summary>
    Task<RawBars> FetchPacedAsync(StreamKey stream, TimeRange range, Action<TimeSpan> onWait, CancellationToken cancellationToken) =>
        FetchAsync(stream, range, cancellationToken);
}

/// <summary>How a source reads what it holds, as it found out by looking: what a person should know whose bars look odd.</summary>
/// <param name="TimestampFormat">How most of its rows write their times, for people, such as <c>Unix milliseconds</c>.</param>
/// <param name="Problems">The first hundred rows that could not be read.</param>
public sealed record SourceReading(string TimestampFormat, IReadOnlyList<UnreadableRow> Problems);

/// <summary>A row of a source that could not be read.</summary>
/// <param name="Line">The line on which the row ends, from 1.</param>
/// <param name="Message">What is wrong with it.</param>
public sealed record UnreadableRow(long Line, string Message);
