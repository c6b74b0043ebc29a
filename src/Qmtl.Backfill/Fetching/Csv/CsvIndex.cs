using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Qmtl.Time;

namespace Qmtl.Fetching.Csv;

/// <summary>A stretch of the file: where it begins and which times its rows have.</summary>
/// <param name="Offset">Its place in the file, in bytes.</param>
/// <param name="Line">How many lines come before it.</param>
/// <param name="Rows">How many rows it has, with those that could not be read.</param>
/// <param name="Times">From the earliest to the latest time in it (Unix seconds, UTC); null where no row has one.</param>
/// <param name="Before">The time of the last readable row before it; null where there is none.</param>
internal sealed record CsvBlock(long Offset, long Line, int Rows, TimeRange? Times, long? Before);

/// <summary>What a file was when it was looked at; another length or time of writing means that it has changed.</summary>
internal readonly record struct CsvStamp(long Length, DateTime Written)
{
    /// <summary>A short hash that tells a file at a path in this state from others.</summary>
    public string HashWith(string path) => Convert.ToHexStringLower(SHA256.HashData(
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{path}\n{Length}\n{Written.Ticks}"))).AsSpan(0, 4));

    public static CsvStamp Of(string path)
    {
        try
        {
            // What a link says of itself does not change with the file.
            FileSystemInfo? file = new FileInfo(path);
            file = file.LinkTarget is null ? file : file.ResolveLinkTarget(returnFinalTarget: true);
            return file is FileInfo { Exists: true } target ? new CsvStamp(target.Length, target.LastWriteTimeUtc) : default;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return default;
        }
    }
}

/// <summary>What one look through the whole file found. It has an entry for every few thousand rows, so it is small.</summary>
internal sealed record CsvIndex
{
    public required CsvStamp Stamp { get; init; }

    public required CsvLayout Layout { get; init; }

    public required IReadOnlyList<CsvBlock> Blocks { get; init; }

    /// <summary>From the first to the last time of each node; of all rows, under an empty name, where no column names the node.</summary>
    public required IReadOnlyDictionary<string, TimeRange> Extents { get; init; }

    /// <summary>The time of the first readable row in the file.</summary>
    public required long FirstTime { get; init; }

    /// <summary>How the times are read.</summary>
    public required CsvTimeForm TimeForm { get; init; }

    /// <summary>Whether there are times without an offset.</summary>
    public required bool AnyWithoutOffset { get; init; }

    public required CsvTimestampFormat TimestampFormat { get; init; }

    /// <summary>What an operator should know of the units of the times; null where all have one.</summary>
    public required string? UnitNote { get; init; }

    public required IReadOnlyList<CsvProblem> Problems { get; init; }

    /// <summary>The key of a node in <see cref="Extents"/>.</summary>
    public string KeyOf(string nodeId) => Layout.Node is null ? string.Empty : nodeId;
}
