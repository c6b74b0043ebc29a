using System.Text;

namespace Qmtl.Fetching.Csv;

/// <summary>Knows files that are given in place of text.</summary>
internal static class FileKind
{
    private static readonly (byte[] Beginning, string Kind)[] Kinds =
    [
        ("PK\x03\x04"u8.ToArray(), "a zip archive (or a spreadsheet, which is one). Take the file out of it first (Expand-Archive, unzip)"),
        ([0x1F, 0x8B], "compressed by gzip. Unpack it first (gunzip)"),
        ("BZh"u8.ToArray(), "compressed by bzip2. Unpack it first (bunzip2)"),
        ([0xFD, .. "7zXZ"u8], "compressed by xz. Unpack it first (unxz)"),
        ([0x28, 0xB5, 0x2F, 0xFD], "compressed by zstd. Unpack it first (unzstd)"),
        ([.. "7z"u8, 0xBC, 0xAF], "a 7z archive. Take the file out of it first"),
        ("PAR1"u8.ToArray(), "a Parquet file. Write it as CSV first"),
        ("ARROW1"u8.ToArray(), "an Arrow (Feather) file. Write it as CSV first"),
        ("SQLite format 3\0"u8.ToArray(), "a SQLite database. Name it as the store, or write its table as CSV first"),
        ([0x89, .. "HDF"u8], "an HDF5 file. Write it as CSV first"),
        ("%PDF"u8.ToArray(), "a PDF document"),
    ];

    private static readonly string[] Markup = ["<?xml", "<!doctype", "<html"];

    /// <summary>What a file with this beginning is, where it is no CSV: <c>a zip archive …</c>; null where it may be one.</summary>
    public static string? Recognise(ReadOnlySpan<byte> beginning)
    {
        foreach ((byte[] mark, string kind) in Kinds)
        {
            if (beginning.StartsWith(mark))
            {
                return kind;
            }
        }

        string start = Encoding.Latin1.GetString(beginning[..Math.Min(beginning.Length, 256)]).TrimStart('\u00EF', '\u00BB', '\u00BF', ' ', '\t', '\r', '\n');
        if (start.StartsWith('{') || start.StartsWith('['))
        {
            return "a JSON file. Write it as CSV first, or read it with a script source (ConvertFrom-Json)";
        }

        bool isMarkup = Markup.Any(mark => start.StartsWith(mark, StringComparison.OrdinalIgnoreCase));
        return isMarkup ? "a page of HTML or XML"
            : beginning.Contains((byte)0) && !beginning.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) && !beginning.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]) ? "a binary file"
            : null;
    }

    /// <summary>Refuses what is no regular file before it is opened: opening a pipe waits for its writer, and none can be read twice.</summary>
    /// <exception cref="SourceException">It is a folder, a pipe or a device, or empty.</exception>
    public static void RequireRegular(string path)
    {
        if (Directory.Exists(path))
        {
            throw new SourceException($"{path} is a folder. Name a CSV file in it.");
        }

        // The system gives pipes, sockets and devices a length of zero; a link has one of its own.
        var file = new FileInfo(path);
        FileSystemInfo? target = file.LinkTarget is null ? file : file.ResolveLinkTarget(returnFinalTarget: true);
        if (file.Exists && target is not FileInfo { Exists: true, Length: > 0 })
        {
            throw new SourceException(
                $"{path} is empty, or a pipe or device. A CSV file has a line that names the columns and a line for each bar; write what a pipe brings to a file first.");
        }
    }
}
