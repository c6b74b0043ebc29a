using CsvHelper;
using Qmtl.Data;
using Qmtl.Messages;
using Qmtl.Time;

namespace Qmtl.Fetching.Csv;

/// <summary>
/// Bars from a CSV file: UTF-8, a header, fields separated by comma, semicolon or tab. The bar's open is in <c>ts</c>,
/// <c>timestamp</c>, <c>open_time</c>, <c>time</c> or <c>date</c>, in Unix seconds, milliseconds, microseconds, nanoseconds, ISO 8601 or
/// the digits of a date (UTC where there is no offset), or in two columns, <c>date</c> and <c>time</c> or <c>hour</c>.
/// Where a column <c>node_id</c> or <c>symbol</c> exists, only its rows with the stream's node id count. All other named columns are
/// payload.
/// </summary>
/// <remarks>
/// The file is looked through once, and again when it has changed: that finds the columns' types and the times of every 4,096
/// rows. An answer then reads only the stretches that can hold its rows, so a file in ascending or descending order, or ordered
/// node by node, is read page by page at little cost. One in no order at all is answered correctly too, but read whole for every page.
/// </remarks>
public sealed class CsvFetcher : IDataFetcher
{
    private readonly string _path;
    private readonly string? _name;
    private readonly Lock _looking = new();
    private volatile CsvIndex? _index;

    /// <summary>A fetcher. The file is not touched yet.</summary>
    /// <param name="path">The file; a relative path is taken from the process's current folder.</param>
    /// <param name="name">The source's name; by default it is made of the file's, see <see cref="Name"/>.</param>
    /// <exception cref="ArgumentException">The path or the name is blank.</exception>
    public CsvFetcher(string path, string? name = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        if (name is not null)
        {
            ArgumentException.ThrowIfNullOrWhiteSpace(name);
        }

        _path = Path.GetFullPath(path);
        _name = name;
    }

    /// <summary>A fetcher of a file that is there, for a shell, in which a mistyped path is a mistake to be told at once.</summary>
    /// <inheritdoc cref="CsvFetcher(string, string?)" path="/param"/>
    /// <exception cref="ArgumentException">The path is that of a folder, or it or the name is blank.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static CsvFetcher OfFile(string path, string? name = null)
    {
        var fetcher = new CsvFetcher(path, name);
        if (Directory.Exists(path))
        {
            throw new ArgumentException($"'{path}' is a folder. Name a CSV file in it.");
        }

        return File.Exists(path)
            ? fetcher
            : throw new FileNotFoundException(
                $"There is no file '{path}'. Correct the path; a relative one begins at the current location.", path);
    }

    /// <summary>CSV files as a kind of source.</summary>
    internal static SourceKind Kind { get; } = new("csv")
    {
        IsFile = true,
        Open = options => OfFile(options.Path ?? throw new ArgumentException("A CSV file has to be named by its path."), options.Name),
    };

    /// <summary>
    /// The name that was given, or <c>csv:</c>, the file's name, and a short hash of its path, length and time of writing, as in
    /// <c>csv:bars.csv#1a2b3c4d</c>: a file that has changed, or another of the same name, is another source.
    /// </summary>
    public string Name => _name ?? $"csv:{Path.GetFileName(_path)}#{CsvStamp.Of(_path).HashWith(_path)}";

    /// <summary>10,000: a file has no limit of its own, and this many rows are read in a moment.</summary>
    public int? BarsPerRequest => 10_000;

    /// <summary>How the file's times are written, and which rows could not be read; null until the file was looked at.</summary>
    public SourceReading? Reading => _index?.Reading;

    /// <inheritdoc/>
    /// <remarks>Null also where the file cannot be read: <see cref="FetchAsync"/> then says why.</remarks>
    public long? GetEarliestBar(StreamKey stream) => GetExtent(stream)?.Start;

    /// <summary>From the stream's first bar in the file to its last; null where it has none, or where the file cannot be read.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled while the file was looked through.</exception>
    public TimeRange? GetExtent(StreamKey stream, CancellationToken cancellationToken = default)
    {
        try
        {
            return Look(cancellationToken).ExtentOf(stream.NodeId) is { } extent
                ? new TimeRange(stream.Interval.Floor(extent.Start), stream.Interval.Floor(extent.End))
                : null;
        }
        catch (SourceException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public Task<RawBars> FetchAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken) =>
        Task.Run(() => Read(stream, range, cancellationToken), cancellationToken);

    /// <summary>Name and path, for people.</summary>
    public override string ToString() => $"{Name} ({_path})";

    private CsvIndex Look(CancellationToken cancellationToken)
    {
        lock (_looking)
        {
            if (_index is not { } index || index.Stamp != CsvStamp.Of(_path))
            {
                index = Explain(() => CsvIndex.Of(_path, cancellationToken));
                _index = index;
            }

            return index;
        }
    }

    private RawBars Read(StreamKey stream, TimeRange range, CancellationToken cancellationToken)
    {
        CsvIndex index = Look(cancellationToken);
        if (index.ExtentOf(stream.NodeId) is null)
        {
            string nodes = PlainText.OneLine(string.Join(", ", index.Nodes.Order(StringComparer.Ordinal).Take(10)), SourceNote.LongestText);
            throw new SourceException(
                $"{_path} has no rows of {stream.NodeId}. It has {nodes}{(index.Nodes.Count > 10 ? ", …" : string.Empty)}.");
        }

        if (range.AlignTo(stream.Interval) is not { } asked)
        {
            return RawBars.Empty;
        }

        RawBars bars = Explain(() => index.Read(stream, asked, cancellationToken));

        // Lines added at the end meanwhile do no harm; anything else may have moved the rows that were read.
        CsvStamp now = CsvStamp.Of(_path);
        return now == index.Stamp || now.Length > index.Stamp.Length
            ? bars
            : throw new SourceException($"{_path} was changed while it was read.") { IsTransient = true };
    }

    private T Explain<T>(Func<T> read)
    {
        try
        {
            CsvFile.RequireRegular(_path);
            return read();
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new SourceException($"There is no file {_path}.", error);
        }
        catch (MaxFieldSizeException error)
        {
            string line = $"{_path}, line {error.Context?.Parser?.RawRow}";
            throw new SourceException(
                $"{line}: a field has more than {CsvFile.LongestField} characters. A quote may not be closed.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CsvHelperException)
        {
            throw new SourceException($"{_path} cannot be read: {error.Message}", error);
        }
    }
}
