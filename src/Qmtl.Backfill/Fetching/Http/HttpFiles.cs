using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Fetching.Http;

/// <summary>Files of whole months and days that an exchange publishes beside its API.</summary>
internal abstract class HttpFiles
{
    /// <summary>The files that are published by now, ascending, of which any bar is in a range.</summary>
    public abstract IReadOnlyList<BulkFile> FilesOf(BarInterval interval, TimeRange within);

    /// <summary>Reads a file; see <see cref="IBulkSource.ReadFileAsync"/>.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="symbol">The exchange's word for what it is of.</param>
    /// <param name="interval">The exchange's word for its interval.</param>
    /// <param name="file">The span of the file's bars.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="SourceException">It is not there, or something of it is wrong.</exception>
    public abstract Task<RawBars> ReadAsync(
        StreamKey stream, string symbol, string interval, TimeRange file, CancellationToken cancellationToken);
}
