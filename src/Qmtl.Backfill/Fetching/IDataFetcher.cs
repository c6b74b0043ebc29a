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
    /// where it does not say. A source that says so is trusted: fewer rows than bars asked then mean that bars do not exist.
    /// From one that does not say, the missing head and tail of an answer are asked for again before they count as empty,
    /// because the source may have cut the answer short.
    /// </summary>
    int? BarsPerRequest => null;

    /// <summary>
    /// The open (Unix seconds, UTC) of the first bar that the source can ever have of the stream, such as a symbol's listing. Bars
    /// before it are remembered as empty without being asked for. Null, the default, where that is not known.
    /// </summary>
    long? GetEarliestBar(StreamKey stream) => null;

    /// <summary>Answers the bars of <paramref name="stream"/> that open inside <paramref name="range"/>, both ends included.</summary>
    /// <returns>The rows as the source gave them; <see cref="RawBars.Empty"/> where it has none.</returns>
    /// <exception cref="SourceException">The source could not answer; the exception says whether asking again may help.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    Task<RawBars> FetchAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken);
}
