using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Fetching;

/// <summary>
/// A source that also has whole spans as files. What a file lacks is asked of the source itself, so that a file only saves requests and is
/// never believed where it has no row.
/// </summary>
public interface IBulkSource : IDataFetcher
{
    /// <summary>The files that are published by now, ascending, of which any bar is in <paramref name="within"/>.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="within">Opens of bars, both ends included.</param>
    IReadOnlyList<BulkFile> GetFiles(StreamKey stream, TimeRange within);

    /// <summary>Reads a file.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="file">The span of one of <see cref="GetFiles"/>, or of its parts.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The file's rows, in order, each bar once.</returns>
    /// <exception cref="SourceException">It is not there, or something of it is wrong. Nothing of it may be used.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    Task<RawBars> ReadFileAsync(StreamKey stream, TimeRange file, CancellationToken cancellationToken);
}

/// <summary>A file of a <see cref="IBulkSource"/>.</summary>
/// <param name="Span">The opens of its first and its last bar.</param>
/// <param name="Requests">How many requests it takes.</param>
/// <param name="Parts">Smaller files that hold the same bars; none where there are none.</param>
public sealed record BulkFile(TimeRange Span, int Requests, IReadOnlyList<BulkFile> Parts);
