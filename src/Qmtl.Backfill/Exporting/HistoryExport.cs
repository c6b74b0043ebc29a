using System.IO.Compression;
using System.Runtime.CompilerServices;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Messages;
using Qmtl.Output;
using Qmtl.Time;

namespace Qmtl.Exporting;

/// <summary>A format of files that history is exported to.</summary>
public enum BarFileFormat
{
    /// <summary>Apache Parquet.</summary>
    Parquet,

    /// <summary>CSV with text in quotes.</summary>
    Csv,

    /// <summary>A JSON object a line.</summary>
    JsonLines,
}

/// <summary>What an export has written.</summary>
/// <param name="Files">The files.</param>
/// <param name="Bars">How many bars are in them.</param>
public sealed record ExportResult(IReadOnlyList<string> Files, long Bars);

/// <summary>
/// Writes streams to one file, or each to files of its own in the folders <c>node_id=…/interval=…/year=…</c>, as DuckDB, Spark, pandas
/// and polars read them. Files come to their places when they are whole.
/// </summary>
public static class HistoryExport
{
    // What file systems take, in bytes; an escaped id has one byte a character.
    private const int LongestName = 255;

    private static readonly (string Extension, BarFileFormat Format)[] Extensions =
    [
        (".parquet", BarFileFormat.Parquet),
        (".csv", BarFileFormat.Csv),
        (".jsonl", BarFileFormat.JsonLines),
        (".ndjson", BarFileFormat.JsonLines),
    ];

    /// <summary>The format that a file's name means; null where it means none.</summary>
    public static BarFileFormat? FormatOf(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        string name = IsPacked(path) ? path[..^3] : path;
        return Extensions.Where(known => name.EndsWith(known.Extension, StringComparison.OrdinalIgnoreCase))
            .Select(static known => (BarFileFormat?)known.Format).FirstOrDefault();
    }

    /// <summary>Checks where to, before anything is read.</summary>
    /// <param name="path">The file, or the folder.</param>
    /// <param name="isPartitioned">Whether it is a folder.</param>
    /// <param name="force">Whether a file that is there is replaced.</param>
    /// <exception cref="ArgumentException">The file's name means no format, its folder does not exist, or it is there.</exception>
    public static void Validate(string path, bool isPartitioned, bool force)
    {
        if (isPartitioned)
        {
            if (File.Exists(path) || (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any()))
            {
                throw new ArgumentException($"'{path}' is there already. Name a folder that is empty or that does not exist yet.");
            }

            return;
        }

        ReplacedFile.Validate(path, "bars.parquet");
        BarFileFormat format = FormatOf(path) ?? throw new ArgumentException(
            $"'{path}' does not say its format. Name a file that ends in .parquet, .csv, .jsonl, .csv.gz or .jsonl.gz, or give a "
                + "folder's files their own by asking for partitions.");
        if (format == BarFileFormat.Parquet && IsPacked(path))
        {
            throw new ArgumentException($"'{path}' would be compressed twice: Parquet is by itself. Leave .gz out.");
        }

        if (!force && File.Exists(path))
        {
            throw new ArgumentException($"'{path}' is there already. Name another file, or replace it (-Force, --force).");
        }
    }

    /// <summary>Writes streams to one file.</summary>
    /// <param name="provider">Whose bars.</param>
    /// <param name="streams">The streams, and of each the bars, both ends included; one may have several ranges.</param>
    /// <param name="path">The file; its name says the format, and with <c>.gz</c> that text is compressed.</param>
    /// <param name="force">Whether a file that is there is replaced.</param>
    /// <param name="cancellationToken">Ends it; nothing is left then.</param>
    /// <exception cref="ArgumentException">A column has different types in two streams, or the file is there.</exception>
    /// <exception cref="IOException">The file cannot be written, or has come to be there meanwhile.</exception>
    public static async Task<ExportResult> WriteFileAsync(
        IHistoryProvider provider,
        IReadOnlyList<(StreamKey Stream, TimeRange Range)> streams,
        string path,
        bool force,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(provider);
        ArgumentNullException.ThrowIfNull(streams);
        Validate(path, isPartitioned: false, force);
        List<(StreamKey Stream, List<TimeRange> Ranges)> asked = Join(streams);
        List<ExportColumn> columns = [];
        foreach ((StreamKey stream, List<TimeRange> ranges) in asked)
        {
            foreach (ExportColumn column in await ColumnsOfAsync(provider, stream, ranges, cancellationToken))
            {
                if (!columns.Exists(known => known.Name.Equals(column.Name, StringComparison.OrdinalIgnoreCase)))
                {
                    columns.Add(column);
                }
            }
        }

        long bars = 0;
        await ReplacedFile.WriteAsync(path, "Bars", async output =>
        {
            await using Stream packed = IsPacked(path) ? new GZipStream(output, CompressionLevel.Optimal, leaveOpen: true) : output;
            await using BarFile file = await BarFile.CreateAsync(FormatOf(path)!.Value, packed, columns, hasKeys: true, cancellationToken);
            foreach ((StreamKey stream, List<TimeRange> ranges) in asked)
            {
                await foreach (BarFrame frame in ReadAsync(provider, stream, ranges, cancellationToken))
                {
                    await file.WriteAsync(stream, frame, cancellationToken);
                    bars += frame.Count;
                }
            }

            await file.CompleteAsync(cancellationToken);
        }, replaces: force);
        return new ExportResult([path], bars);
    }

    // Of a column without a value nobody can be sure of which type it is; the first bars that have one tell.
    private static async Task<IReadOnlyList<ExportColumn>> ColumnsOfAsync(
        IHistoryProvider provider, StreamKey stream, List<TimeRange> ranges, CancellationToken cancellationToken)
    {
        List<ExportColumn> columns = [];
        HashSet<string> sure = new(StringComparer.OrdinalIgnoreCase);
        await foreach (BarFrame frame in ReadAsync(provider, stream, ranges, cancellationToken))
        {
            foreach (BarColumn column in frame.Columns.Where(column => !sure.Contains(column.Name)))
            {
                int at = columns.FindIndex(known => known.Name.Equals(column.Name, StringComparison.OrdinalIgnoreCase));
                if (at < 0)
                {
                    columns.Add(new ExportColumn(column.Name, column.Type));
                }
                else
                {
                    columns[at] = new ExportColumn(columns[at].Name, column.Type);
                }

                if (!column.IsAllNull)
                {
                    sure.Add(column.Name);
                }
            }

            if (sure.Count == columns.Count)
            {
                break;
            }
        }

        return columns;
    }

    /// <summary>Writes streams to Parquet files in a new folder, one a stream and year.</summary>
    /// <param name="provider">Whose bars.</param>
    /// <param name="streams">The streams, and of each the bars, both ends included; one may have several ranges.</param>
    /// <param name="folder">The folder; it comes to its place when all files are whole.</param>
    /// <param name="cancellationToken">Ends it; nothing is left then.</param>
    /// <exception cref="ArgumentException">The folder has something in it.</exception>
    public static async Task<ExportResult> WritePartitionsAsync(
        IHistoryProvider provider,
        IReadOnlyList<(StreamKey Stream, TimeRange Range)> streams,
        string folder,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(provider);
        ArgumentNullException.ThrowIfNull(streams);
        Validate(folder, isPartitioned: true, force: false);
        List<(StreamKey Stream, List<TimeRange> Ranges)> asked = Join(streams);
        RequireFolderNames(asked.Select(static one => one.Stream));
        string place = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        string temporary = $"{place}.{Guid.NewGuid():n}.tmp";
        List<string> files = [];
        long bars = 0;
        try
        {
            Directory.CreateDirectory(temporary);
            RequireDistinctFolders(temporary, asked.Select(static one => one.Stream));
            foreach ((StreamKey stream, List<TimeRange> ranges) in asked)
            {
                IReadOnlyList<ExportColumn> columns = await ColumnsOfAsync(provider, stream, ranges, cancellationToken);
                await using var years = new YearFiles(temporary, stream, columns, files);
                await foreach (BarFrame frame in ReadAsync(provider, stream, ranges, cancellationToken))
                {
                    await years.WriteAsync(frame, cancellationToken);
                    bars += frame.Count;
                }

                await years.CompleteAsync(cancellationToken);
            }

            if (Directory.Exists(place))
            {
                Directory.Delete(place);
            }

            Directory.Move(temporary, place);
        }
        catch
        {
            if (Directory.Exists(temporary))
            {
                Directory.Delete(temporary, recursive: true);
            }

            throw;
        }

        return new ExportResult([.. files.Select(file => Path.Combine(place, file))], bars);
    }

    // Ids as folders' names are written as in addresses, which readers of such folders undo. Windows would lose a point at the end.
    private static string FolderOf(StreamKey stream)
    {
        string node = Uri.EscapeDataString(stream.NodeId);
        node = node.EndsWith('.') ? node[..^1] + "%2E" : node;
        return Path.Combine($"node_id={node}", $"interval={Uri.EscapeDataString(stream.Interval.ToString())}");
    }

    private static void RequireFolderNames(IEnumerable<StreamKey> streams)
    {
        foreach (StreamKey stream in streams)
        {
            if (FolderOf(stream).Split(Path.DirectorySeparatorChar)[0].Length > LongestName)
            {
                throw new ArgumentException(
                    $"The node id {PlainText.OneLine(stream.NodeId, 60)} is too long for a folder's name, which has {LongestName} "
                        + "characters at most. Leave it out, or export it to one file.");
            }
        }
    }

    // Each stream once, with its ranges ascending and none of them over another.
    private static List<(StreamKey Stream, List<TimeRange> Ranges)> Join(IEnumerable<(StreamKey Stream, TimeRange Range)> streams)
    {
        return [.. streams.GroupBy(static one => one.Stream, static one => one.Range)
            .Select(static one => (one.Key, one.OrderBy(static range => range.Start).Aggregate(new List<TimeRange>(), Add)))];

        static List<TimeRange> Add(List<TimeRange> ranges, TimeRange next)
        {
            if (ranges is [.., var last] && next.Start <= last.End)
            {
                ranges[^1] = new TimeRange(last.Start, Math.Max(last.End, next.End));
            }
            else
            {
                ranges.Add(next);
            }

            return ranges;
        }
    }

    private static async IAsyncEnumerable<BarFrame> ReadAsync(
        IHistoryProvider provider,
        StreamKey stream,
        List<TimeRange> ranges,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (TimeRange range in ranges)
        {
            await foreach (BarFrame frame in provider.FetchAsync(stream, range, cancellationToken).WithCancellation(cancellationToken))
            {
                yield return frame;
            }
        }
    }

    // Where capital and small letters are alike to the file system, the folders of two streams may be one.
    private static void RequireDistinctFolders(string folder, IEnumerable<StreamKey> streams)
    {
        if (!Directory.Exists(Path.Combine(Path.GetDirectoryName(folder)!, Path.GetFileName(folder).ToUpperInvariant())))
        {
            return;
        }

        var seen = new Dictionary<string, StreamKey>(StringComparer.OrdinalIgnoreCase);
        foreach (StreamKey stream in streams)
        {
            if (!seen.TryAdd(FolderOf(stream), stream))
            {
                throw new ArgumentException(
                    $"{PlainText.OneLine(seen[FolderOf(stream)].ToString())} and {PlainText.OneLine(stream.ToString())} would be in "
                        + "one folder, as this file system does not tell capital from small letters. Export them to folders of their own.");
            }
        }
    }

    private static bool IsPacked(string path) => path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);

    private sealed class YearFiles(
        string folder, StreamKey stream, IReadOnlyList<ExportColumn> columns, List<string> files) : IAsyncDisposable
    {
        private int? _year;
        private FileStream? _output;
        private BarFile? _file;

        public async Task WriteAsync(BarFrame frame, CancellationToken cancellationToken)
        {
            for (int from = 0, to; from < frame.Count; from = to)
            {
                int year = YearOf(frame.Timestamps[from]);
                to = from + 1;
                while (to < frame.Count && YearOf(frame.Timestamps[to]) == year)
                {
                    to++;
                }

                BarFrame part = frame.Slice(from, to - from);
                if (year != _year)
                {
                    await CompleteAsync(cancellationToken);

                    string name = Path.Combine(FolderOf(stream), FormattableString.Invariant($"year={year:0000}"), "bars.parquet");
                    Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, name))!);
                    _output = new FileStream(Path.Combine(folder, name), FileMode.CreateNew, FileAccess.ReadWrite);
                    _file = await BarFile.CreateAsync(BarFileFormat.Parquet, _output, columns, hasKeys: false, cancellationToken);
                    _year = year;
                    files.Add(name);
                }

                await _file!.WriteAsync(stream, part, cancellationToken);
            }
        }

        public async Task CompleteAsync(CancellationToken cancellationToken)
        {
            if (_file is not null)
            {
                await _file.CompleteAsync(cancellationToken);
            }

            await DisposeAsync();
            (_file, _output, _year) = (null, null, null);
        }

        public async ValueTask DisposeAsync()
        {
            if (_file is not null)
            {
                await _file.DisposeAsync();
                _file = null;
            }

            if (_output is not null)
            {
                await _output.DisposeAsync();
                _output = null;
            }
        }

        private static int YearOf(long time) => UnixTime.FromSeconds(time).Year;
    }
}
