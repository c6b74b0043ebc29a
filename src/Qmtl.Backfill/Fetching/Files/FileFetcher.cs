using CsvHelper;
using Qmtl.Data;
using Qmtl.Messages;
using Qmtl.Time;

namespace Qmtl.Fetching.Files;

/// <summary>
/// Bars from a file: CSV, JSON, Feather (Arrow) or Parquet, by what it holds and not by its name; also compressed by gzip, or alone in a
/// zip archive. The bar's open is in <c>ts</c>, <c>timestamp</c>, <c>open_time</c>, <c>datetime</c>, <c>time</c>, <c>date</c> or
/// an index without a name, as a time, in Unix seconds, milliseconds, microseconds, nanoseconds, ISO 8601 or the digits of a date (UTC
/// where there is no offset), or in two columns of a CSV file, <c>date</c> and <c>time</c> or <c>hour</c>. Where a column <c>node_id</c>
/// or <c>symbol</c> exists, only its rows with the stream's node id count, and likewise <c>interval</c>. All other named columns are
/// payload.
/// </summary>
/// <remarks>
/// The file is looked through once, and again when it has changed: that finds the columns' types and where which times are. An answer then
/// reads only the stretches (of CSV) or groups of rows (of Feather and Parquet) that can hold its rows, so a file in ascending or
/// descending order, or ordered node by node, is read page by page at little cost. One in no order at all is answered correctly too, but
/// read whole for every page. JSON is held in memory, which is why it is bounded.
/// </remarks>
public sealed class FileFetcher : IDataFetcher
{
    private readonly string _path;
    private readonly string? _name;
    private readonly FileReading _reading;
    private readonly FileFormat? _wanted;
    private readonly Lock _looking = new();
    private volatile Look? _look;

    /// <summary>A fetcher. The file is not touched yet.</summary>
    /// <param name="path">The file; a relative path is taken from the process's current folder.</param>
    /// <param name="name">The source's name; by default it is made of the file's, see <see cref="Name"/>.</param>
    /// <exception cref="ArgumentException">The path or the name is blank.</exception>
    public FileFetcher(string path, string? name = null)
        : this(new SourceOptions { Path = path, Name = name }, null)
    {
    }

    /// <summary>A fetcher as the options say: path, name, delimiter, culture and header. The file is not touched yet.</summary>
    /// <exception cref="ArgumentException">An option is wrong, or there is no path.</exception>
    public FileFetcher(SourceOptions options)
        : this(options, null)
    {
    }

    private FileFetcher(SourceOptions options, FileFormat? wanted)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Path is null)
        {
            throw new ArgumentException("A file has to be named by its path.");
        }

        ArgumentException.ThrowIfNullOrWhiteSpace(options.Path, "path");
        if (options.Name is not null)
        {
            ArgumentException.ThrowIfNullOrWhiteSpace(options.Name, "name");
        }

        if (options.Header is { } header && (header.Count == 0 || header.Any(string.IsNullOrWhiteSpace)))
        {
            throw new ArgumentException("The header has a column without a name. Name all columns of the file, in their order.");
        }

        (_path, _name, _wanted) = (Path.GetFullPath(options.Path), options.Name, wanted);
        _reading = new(options.Delimiter, options.Culture is { } culture ? CsvCulture.Of(culture) : null, options.Header);
    }

    /// <summary>A fetcher of a file that is there, for a shell, in which a mistyped path is a mistake to be told at once.</summary>
    /// <exception cref="ArgumentException">The path is that of a folder, or an option is wrong.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    internal static FileFetcher OfFile(SourceOptions options, FileFormat wanted)
    {
        var fetcher = new FileFetcher(options, wanted);
        string path = options.Path!;
        return Directory.Exists(path) ? throw new ArgumentException($"'{path}' is a folder. Name a file in it.")
            : File.Exists(path) ? fetcher
            : throw new FileNotFoundException(
                $"There is no file '{path}'. Correct the path; a relative one begins at the current location.", path);
    }

    /// <summary>
    /// The name that was given, or the format, the file's name, and a short hash of its path, length, time of writing and how it is to be
    /// read, as in <c>csv:bars.csv#1a2b3c4d</c>: a file that has changed, or another of the same name, is another source.
    /// </summary>
    public string Name
    {
        get
        {
            FileStamp stamp = FileStamp.Of(_path);
            return _name ?? $"{FormatOf(stamp).Name}:{Path.GetFileName(_path)}#{stamp.HashWith(_path + _reading)}";
        }
    }

    /// <summary>10,000: a file has no limit of its own, and this many rows are read in a moment.</summary>
    public int? BarsPerRequest => 10_000;

    /// <summary>How the file's times are written, and which rows could not be read; null until the file was looked at.</summary>
    public SourceReading? Reading => _look?.Index?.Reading;

    /// <inheritdoc/>
    /// <remarks>
    /// Null also where a row that cannot be read may be an earlier bar, and where the file cannot be read: <see cref="FetchAsync"/> then
    /// says why.
    /// </remarks>
    public long? GetEarliestBar(StreamKey stream)
    {
        try
        {
            // A row before the first one, whose time could not be read, may be an earlier bar.
            IFileIndex index = LookAt(CancellationToken.None).Index!;
            return index.Streams.ExtentOf(stream) is { } extent && !index.Unplaced.MayBeBefore(extent.Start)
                ? stream.Interval.Floor(extent.Start)
                : null;
        }
        catch (SourceException)
        {
            return null;
        }
    }

    /// <summary>From the stream's first bar in the file to its last; null where it has none, or where the file cannot be read.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled while the file was looked through.</exception>
    public TimeRange? GetExtent(StreamKey stream, CancellationToken cancellationToken = default)
    {
        try
        {
            return LookAt(cancellationToken).Index!.Streams.ExtentOf(stream) is { } extent
                ? new TimeRange(stream.Interval.Floor(extent.Start), stream.Interval.Floor(extent.End))
                : null;
        }
        catch (SourceException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public async Task<TimeRange?> FindExtentAsync(StreamKey stream, CancellationToken cancellationToken)
    {
        TimeRange? extent = await Task.Run(() => GetExtent(stream, cancellationToken), cancellationToken);
        if (extent is null)
        {
            // Asking for any bar says what is wrong with the file.
            await FetchAsync(stream, new TimeRange(0, 0), cancellationToken);
        }

        return extent;
    }

    /// <inheritdoc/>
    public Task<RawBars> FetchAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken) =>
        Task.Run(() => Read(stream, range, cancellationToken), cancellationToken);

    /// <summary>The streams that rows name by node and interval; none where columns do not name both.</summary>
    /// <exception cref="SourceException">The file cannot be read.</exception>
    internal IReadOnlyList<StreamKey> GetStreams(CancellationToken cancellationToken) => LookAt(cancellationToken).Index!.Streams.Named;

    /// <summary>Name and path, for people.</summary>
    public override string ToString() => $"{Name} ({_path})";

    private FileFormat FormatOf(FileStamp stamp)
    {
        if (_wanted is null && (_look is not { } look || look.Stamp != stamp))
        {
            _look = look = new Look(stamp, FileFormat.Of(FileContent.Begin(_path)), null);
            return look.Format;
        }

        return _wanted ?? _look!.Format;
    }

    private Look LookAt(CancellationToken cancellationToken)
    {
        lock (_looking)
        {
            FileStamp stamp = FileStamp.Of(_path);
            if (_look is not { Index: not null } look || look.Stamp != stamp)
            {
                look = Explain(() =>
                {
                    // The stamp was taken first: what is written from now on shows as a change.
                    FileContent content = FileContent.Of(_path, cancellationToken);
                    FileFormat format = FileFormat.Of(content.Begin());
                    RequireWanted(format);
                    return new Look(stamp, format, format.Look(content, _reading, cancellationToken));
                });
                _look = look;
            }

            return look;
        }
    }

    private void RequireWanted(FileFormat format)
    {
        if (_wanted is not null && format != _wanted && !format.IsText)
        {
            throw new SourceException($"{_path} is no {_wanted.Title} but a {format.Title}. Leave the source's kind out.");
        }

        if (!format.IsText && (_reading.Delimiter is not null || _reading.Culture is not null))
        {
            throw new SourceException($"{_path} is a {format.Title}, which needs neither a delimiter nor a culture. Leave them out.");
        }

        if (format.HasNames && _reading.Header is not null)
        {
            throw new SourceException(
                $"{_path} is a {format.Title}, which names its columns itself. Leave the header out (-Header, --header).");
        }
    }

    private RawBars Read(StreamKey stream, TimeRange range, CancellationToken cancellationToken)
    {
        Look look = LookAt(cancellationToken);
        IFileIndex index = look.Index!;
        if (index.Streams.ExtentOf(stream) is null)
        {
            string[] known = [.. index.Streams.Named.Select(static named => named.ToString())];
            bool isOfNode = index.Streams.Nodes.Any(node => node == stream.NodeId || node.Length == 0);
            known = isOfNode && known.Length > 0 ? known : [.. index.Streams.Nodes.Order(StringComparer.Ordinal)];
            string some = PlainText.OneLine(string.Join(", ", known.Take(10)), SourceNote.LongestText);
            throw new SourceException(
                $"{_path} has no rows of {(isOfNode ? stream.ToString() : stream.NodeId)}. It has {some}"
                    + (known.Length > 10 ? ", …." : "."));
        }

        if (range.AlignTo(stream.Interval) is not { } asked)
        {
            return RawBars.Empty;
        }

        RawBars bars = Explain(() => index.Read(stream, asked, cancellationToken));

        // Lines added at the end meanwhile do no harm; anything else may have moved the rows that were read.
        FileStamp now = FileStamp.Of(_path);
        return now == look.Stamp || (look.Format.IsText && now.Length > look.Stamp.Length)
            ? bars
            : throw new SourceException($"{_path} was changed while it was read.") { IsTransient = true };
    }

    private T Explain<T>(Func<T> read)
    {
        try
        {
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

    private sealed record Look(FileStamp Stamp, FileFormat Format, IFileIndex? Index);
}
