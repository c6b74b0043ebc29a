using System.IO.Compression;
using Qmtl.Backfill;
using Qmtl.Data;
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
    private static readonly (string Extension, BarFileFormat Format)[] Extensions =
    [
        (".parquet", BarFileFormat.Parquet), (".csv", BarFileFormat.Csv), (".jsonl", BarFileFormat.JsonLines), (".ndjson", BarFileFormat.JsonLines),
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
            $"'{path}' does not say its format. Name a file that ends in .parquet, .csv, .jsonl, .csv.gz or .jsonl.gz, or give a folder's files their "
                + "own by asking for partitions.");
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
    /// <param name="streams">The streams, and of each the bars, both ends included.</param>
    /// <param name="path">The file; its name says the format, and with <c>.gz</c> that text is compressed. One that is there is
    /// replaced.</param>
    /// <param name="cancellationToken">Ends it; nothing is left then.</param>
    /// <exception cref="ArgumentException">A column has different types in two streams.</exception>
    public static async Task<ExportResult> WriteFileAsync(
        IHistoryProvider provider, IReadOnlyList<(StreamKey Stream, TimeRange Range)> streams, string path, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(provider);
        ArgumentNullException.ThrowIfNull(streams);
        Validate(path, isPartitioned: false, force: true);
        List<ExportColumn> columns = [];
        foreach ((StreamKey stream, TimeRange range) in streams)
        {
            await foreach (BarFrame frame in provider.FetchAsync(stream, range, cancellationToken).WithCancellation(cancellationToken))
            {
                columns.AddRange(frame.Columns
                    .Where(column => !columns.Exists(known => known.Name.Equals(column.Name, StringComparison.OrdinalIgnoreCase)))
                    .Select(static column => new ExportColumn(column.Name, column.Type)).ToList());
                break;
            }
        }

        long bars = 0;
        await ReplacedFile.WriteAsync(path, "Bars", async output =>
        {
            await using Stream packed = IsPacked(path) ? new GZipStream(output, CompressionLevel.Optimal, leaveOpen: true) : output;
            await using BarFile file = await BarFile.CreateAsync(FormatOf(path)!.Value, packed, columns, hasKeys: true, cancellationToken);
            foreach ((StreamKey stream, TimeRange range) in streams)
            {
                await foreach (BarFrame frame in provider.FetchAsync(stream, range, cancellationToken).WithCancellation(cancellationToken))
                {
                    await file.WriteAsync(stream, frame, cancellationToken);
                    bars += frame.Count;
                }
            }

            await file.CompleteAsync(cancellationToken);
        });
        return new ExportResult([path], bars);
    }

    /// <summary>Writes streams to Parquet files in a new folder, one a stream and year.</summary>
    /// <param name="provider">Whose bars.</param>
    /// <param name="streams">The streams, and of each the bars, both ends included.</param>
    /// <param name="folder">The folder; it comes to its place when all files are whole.</param>
    /// <param name="cancellationToken">Ends it; nothing is left then.</param>
    /// <exception cref="ArgumentException">The folder has something in it.</exception>
    public static async Task<ExportResult> WritePartitionsAsync(
        IHistoryProvider provider, IReadOnlyList<(StreamKey Stream, TimeRange Range)> streams, string folder, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(provider);
        ArgumentNullException.ThrowIfNull(streams);
        Validate(folder, isPartitioned: true, force: false);
        string place = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        string temporary = $"{place}.{Guid.NewGuid():n}.tmp";
        List<string> files = [];
        long bars = 0;
        try
        {
            Directory.CreateDirectory(temporary);
            foreach ((StreamKey stream, TimeRange range) in streams)
            {
                await using var years = new YearFiles(temporary, stream, files);
                await foreach (BarFrame frame in provider.FetchAsync(stream, range, cancellationToken).WithCancellation(cancellationToken))
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

    private static bool IsPacked(string path) => path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);

    private sealed class YearFiles(string folder, StreamKey stream, List<string> files) : IAsyncDisposable
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

                    // Ids as folders' names are written as in addresses, which readers of such folders undo.
                    string name = Path.Combine(
                        $"node_id={Uri.EscapeDataString(stream.NodeId)}", $"interval={Uri.EscapeDataString(stream.Interval.ToString())}",
                        FormattableString.Invariant($"year={year:0000}"), "bars.parquet");
                    Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, name))!);
                    _output = new FileStream(Path.Combine(folder, name), FileMode.CreateNew, FileAccess.ReadWrite);
                    _file = await BarFile.CreateAsync(
                        BarFileFormat.Parquet,
                        _output,
                        [.. part.Columns.Select(static column => new ExportColumn(column.Name, column.Type))],
                        hasKeys: false,
                        cancellationToken);
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
