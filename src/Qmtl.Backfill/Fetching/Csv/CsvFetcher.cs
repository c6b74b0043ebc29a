using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Fetching.Csv;

/// <summary>Bars from a CSV file.</summary>
public sealed class CsvFetcher : IDataFetcher
{
    /// <summary>A fetcher.</summary>
    public CsvFetcher(string path, string? name = null) => _ = (path, name);

    /// <inheritdoc/>
    public string Name => "csv";

    /// <inheritdoc/>
    public Task<RawBars> FetchAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken) =>
        throw new NotSupportedException();
}
