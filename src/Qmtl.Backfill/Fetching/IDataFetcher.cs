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
    /// The source's name for one stream, under which emptiness of that stream is remembered; <see cref="Name"/> by default. A source that
    /// asks for a stream under a symbol that can change names that, too.
    /// </summary>
    string GetName(StreamKey stream) => Name;

    /// <summary>The same source, which asks for every stream under one symbol.</summary>
    /// <exception cref="InvalidOperationException">The source knows streams by their node ids only; by default none knows
    /// others.</exception>
    IDataFetcher ForSymbol(string symbol) =>
        throw new InvalidOperationException($"The source {Name} knows streams by their node ids only. Leave the symbol out.");

    /// <summary>
    /// As <see cref="BarsPerRequest"/>, of one stream and for a request that begins at <paramref name="start"/> (a bar's open, Unix
    /// seconds, UTC), where that makes a difference. From the same or an earlier start on it is never more.
    /// </summary>
    int? GetBarsPerRequest(StreamKey stream, long start) => BarsPerRequest;

    /// <summary>
    /// How far back the source reaches at present, where it has older bars and does not give them; null, the default, where it gives all
    /// that it has. Bars before are not asked for, and stay missing.
    /// </summary>
    SourceReach? GetReach(StreamKey stream) => null;

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
    /// As <see cref="GetExtent"/>, for a shell that takes its range from it: where the source should know it and cannot
    /// say it, it says why.
    /// </summary>
    /// <exception cref="SourceException">A file cannot be read, or it has no row of the stream.</exception>
    Task<TimeRange?> FindExtentAsync(StreamKey stream, CancellationToken cancellationToken) =>
        Task.FromResult(GetExtent(stream, cancellationToken));

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

/// <summary>How far back a source reaches at present.</summary>
/// <param name="OldestBar">The open of the oldest bar that it gives: Unix seconds, UTC.</param>
/// <param name="Reason">Why, as the rest of a sentence about the source, for example <c>gives the newest 720 bars of 1m only</c>.</param>
public sealed record SourceReach(long OldestBar, string Reason)
{
    /// <summary>What an operator can do about older bars, in a sentence; null, the default, for what is said of any source.</summary>
    public string? WayOut { get; init; }
}

/// <summary>How a source reads what it holds, as it found out by looking: what a person should know whose bars look odd.</summary>
/// <param name="TimestampFormat">How most of its rows write their times, for people, such as <c>Unix milliseconds</c>.</param>
/// <param name="Problems">The first hundred rows that could not be read.</param>
public sealed record SourceReading(string TimestampFormat, IReadOnlyList<UnreadableRow> Problems)
{
    /// <summary>What the numbers of its rows count: lines, the default, or rows, of a file that has no lines.</summary>
    public string Place { get; init; } = "line";
}

/// <summary>A row of a source that could not be read.</summary>
/// <param name="Line">The line on which the row ends, or the row itself, from 1; see <see cref="SourceReading.Place"/>.</param>
/// <param name="Message">What is wrong with it.</param>
public sealed record UnreadableRow(long Line, string Message);
