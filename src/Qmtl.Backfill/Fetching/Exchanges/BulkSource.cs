using System.Text;
using Qmtl.Data;
using Qmtl.Fetching.Http;
using Qmtl.Fetching.Pacing;
using Qmtl.Messages;
using Qmtl.Time;

namespace Qmtl.Fetching.Exchanges;

/// <summary>The files of whole months and days that an exchange publishes.</summary>
internal sealed class BulkSource : HttpFiles
{
    private const int LongestChecksum = 1024;

    private readonly BulkFormat _format;
    private readonly CandleFormat _rows;
    private readonly BulkReader _reader;
    private readonly HttpSource _source;
    private readonly TimeProvider _clock;

    public BulkSource(BulkFormat format, CandleFormat rows, HttpApi api, HttpLimits limits, TimeProvider clock)
    {
        (_format, _rows, _clock) = (format, rows, clock);
        _reader = new BulkReader(rows, format.MayHaveHeader);

        // A file server says no by its status, and in no words of the exchange's API.
        _source = new HttpSource(format.BaseUri, api with { ReadRefusal = static (_, _) => null }, limits, clock);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<BulkFile> FilesOf(BarInterval interval, TimeRange within) =>
        _format.FilesOf(interval, within, _clock.GetUtcNow());

    /// <inheritdoc/>
    public override async Task<RawBars> ReadAsync(
        StreamKey stream, string symbol, string interval, TimeRange file, CancellationToken cancellationToken)
    {
        string path = _format.PathOf(file, symbol, interval);
        try
        {
            byte[] checksum = await AskAsync(stream, symbol, path + _format.ChecksumSuffix, cancellationToken);
            byte[] zip = await AskAsync(stream, symbol, path, cancellationToken);
            BulkReader.RequireChecksum(zip, Encoding.UTF8.GetString(checksum.AsSpan(0, Math.Min(checksum.Length, LongestChecksum))));
            var columns = new CandleColumns(_rows.Columns, (int)file.CountBars(stream.Interval));
            _reader.Read(zip, file, stream.Interval, columns, cancellationToken);
            return columns.Build(requests: 2, provesByRowsOnly: true);
        }
        catch (SourceException error) when (error.StatusCode == 404)
        {
            string problem = $"{HttpErrors.HostOf(_source.BaseUri)} has no file {PlainText.OneLine(path)}.";
            throw new SourceException(problem, error) { StatusCode = error.StatusCode };
        }
        catch (InvalidDataException error)
        {
            throw new SourceException($"The file {PlainText.OneLine(path)} cannot be used: {PlainText.OneLine(error.Message)}.", error);
        }
    }

    private Task<byte[]> AskAsync(StreamKey stream, string symbol, string path, CancellationToken cancellationToken) => _source.AskAsync(
        stream,
        symbol,
        new HttpRequestMessage(HttpMethod.Get, _source.BaseUri.AbsoluteUri + path),
        new RequestCost(1, []),
        static answer => answer.Body.ToArray(),
        onWait: null,
        cancellationToken);
}
