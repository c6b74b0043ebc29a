using System.Collections.Concurrent;
using Qmtl.Data;

namespace Qmtl.Caching;

/// <summary>
/// Counts what compute functions read through the views of a cache, to find inputs that nobody uses. Safe for several threads;
/// several caches may share one.
/// </summary>
public sealed class CacheAccessLog
{
    private readonly ConcurrentDictionary<(StreamKey Stream, string? Column), long> _reads = new();

    /// <summary>What has been read so far, ordered by node id, interval and column.</summary>
    public IReadOnlyList<CacheAccess> GetReads() =>
    [
        .. _reads.Select(read => new CacheAccess(read.Key.Stream, read.Key.Column, read.Value))
            .OrderBy(read => read.Stream.NodeId, StringComparer.Ordinal)
            .ThenBy(read => read.Stream.Interval)
            .ThenBy(read => read.Column, StringComparer.Ordinal),
    ];

    /// <summary>Begins to count anew.</summary>
    public void Clear() => _reads.Clear();

    internal void Note(StreamKey stream, string? column) => _reads.AddOrUpdate((stream, column), 1, static (_, reads) => reads + 1);
}

/// <summary>How often something of a series was read through a view.</summary>
/// <param name="Stream">The series.</param>
/// <param name="Column">The column; <c>ts</c> for the opens of its bars, null for whole bars.</param>
/// <param name="Reads">How many times it was asked for, however many values each time.</param>
public sealed record CacheAccess(StreamKey Stream, string? Column, long Reads);
