using System.Runtime.CompilerServices;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Fetching.Files;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Exporting;

/// <summary>
/// Stores what files hold, as a backfill from each file would: only bars that are missing, over any bars of the file's range. What a file
/// lacks is not taken to be empty.
/// </summary>
public static class HistoryImport
{
    private const string NodeFolder = "node_id=";
    private const string IntervalFolder = "interval=";

    /// <summary>The options of an engine for imports.</summary>
    public static BackfillOptions Options(BackfillOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options with { LearnsEmpty = false };
    }

    /// <summary>The files that a path means: itself, or the Parquet files in the folder and those below.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static IReadOnlyList<string> FilesOf(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        if (File.Exists(path))
        {
            return [path];
        }

        string[] files = Directory.Exists(path) ? Directory.GetFiles(path, "*.parquet", SearchOption.AllDirectories) : [];
        return files.Length > 0 ? [.. files.Order(StringComparer.Ordinal)] : throw new ArgumentException(Directory.Exists(path)
            ? $"No file in the folder '{path}' ends in .parquet. Name a folder of Export-QmtlHistory -Partition (qmtl export "
                + "--partition), or a file."
            : $"There is no file or folder '{path}'.");
    }

    /// <summary>The streams of a file: of what its rows or its folders say, those that are asked for.</summary>
    /// <param name="fetcher">The file.</param>
    /// <param name="path">Where it is.</param>
    /// <param name="nodes">The nodes to take; where the file does not name its node, its one. None for all.</param>
    /// <param name="intervals">The intervals to take; where the file does not name its interval, its one. None for all.</param>
    /// <param name="cancellationToken">Ends the look through the file.</param>
    /// <exception cref="ArgumentException">Neither the file nor anybody says of which stream it is.</exception>
    /// <exception cref="SourceException">The file cannot be read.</exception>
    public static IReadOnlyList<StreamKey> StreamsOf(
        FileFetcher fetcher,
        string path,
        IReadOnlyList<string> nodes,
        IReadOnlyList<BarInterval> intervals,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(fetcher);
        ArgumentNullException.ThrowIfNull(nodes);
        ArgumentNullException.ThrowIfNull(intervals);
        StreamKey[] named = FolderStream(path) is { } stream ? [stream] : [.. fetcher.GetStreams(cancellationToken)];
        if (named.Length > 0)
        {
            return [.. named.Where(
                one => (nodes.Count == 0 || nodes.Contains(one.NodeId)) && (intervals.Count == 0 || intervals.Contains(one.Interval)))];
        }

        return nodes.Count > 0 && intervals.Count > 0
            ? [.. nodes.SelectMany(node => intervals.Select(interval => new StreamKey(node, interval)))]
            : throw new ArgumentException(
                $"{path} does not say by columns node_id and interval of which streams its rows are. Give the node and the interval.");
    }

    /// <summary>Stores streams of a file.</summary>
    /// <param name="engine">An engine with the options of <see cref="Options"/>.</param>
    /// <param name="store">Where to.</param>
    /// <param name="fetcher">The file.</param>
    /// <param name="streams">The streams.</param>
    /// <param name="cancellationToken">Ends it; what is stored stays.</param>
    /// <returns>What became of each stream, over the range of its bars in the file; bars that the file lacks do not count as
    /// missing.</returns>
    /// <exception cref="SourceException">The file cannot be read, or lacks a stream.</exception>
    public static async IAsyncEnumerable<BackfillResult> RunAsync(
        BackfillEngine engine,
        IHistoryStore store,
        FileFetcher fetcher,
        IReadOnlyList<StreamKey> streams,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentNullException.ThrowIfNull(fetcher);
        ArgumentNullException.ThrowIfNull(streams);
        foreach (StreamKey stream in streams)
        {
            TimeRange range = await fetcher.FindExtentAsync(stream, cancellationToken)
                ?? throw new SourceException($"{fetcher} has no rows of {stream}.");
            await foreach (BackfillResult result in engine.RunAsync(
                [new BackfillRequest(store, fetcher, stream, [range])], cancellationToken))
            {
                yield return result.Status == BackfillStatus.Partial && result.BarsRejected == 0
                    ? result with { Status = BackfillStatus.Completed, BarsMissing = 0 }
                    : result;
            }
        }
    }

    private static StreamKey? FolderStream(string path)
    {
        string? node = null;
        string? interval = null;
        foreach (string part in Path.GetFullPath(path).Split(Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar))
        {
            node = ValueIn(part, NodeFolder) ?? node;
            interval = ValueIn(part, IntervalFolder) ?? interval;
        }

        return node is not null && BarInterval.TryParse(interval, null, out BarInterval length) ? new StreamKey(node, length) : null;
    }

    private static string? ValueIn(string folder, string key) =>
        folder.StartsWith(key, StringComparison.Ordinal) ? Uri.UnescapeDataString(folder[key.Length..]) : null;
}
