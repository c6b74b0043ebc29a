using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using CsvHelper;
using CsvHelper.Configuration;

namespace Qmtl.Fetching.Csv;

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
            return CsvFile.BehindLinks(path) is FileInfo { Exists: true } file ? new CsvStamp(file.Length, file.LastWriteTimeUtc) : default;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return default;
        }
    }
}

/// <summary>Opens a CSV file so that the place of every row in it is known, and says what a file is that is none.</summary>
internal static class CsvFile
{
    /// <summary>
    /// The longest field, in bytes. Without a limit, one quote that is never closed would take the rest of the file into memory.
    /// </summary>
    public const int LongestField = 64 * 1024;

    private const string Wanted = "A CSV file has a line that names the columns and a line for each bar";

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
        ([0xFF, 0xFE], "UTF-16 text. Save it as UTF-8"),
        ([0xFE, 0xFF], "UTF-16 text. Save it as UTF-8"),
    ];

    private static readonly string[] Markup = ["<?xml", "<!doctype", "<html"];

    /// <summary>The file that a path or a chain of links leads to. What a link says of itself does not change with the file.</summary>
    public static FileSystemInfo? BehindLinks(string path)
    {
        var file = new FileInfo(path);
        return file.LinkTarget is null ? file : file.ResolveLinkTarget(returnFinalTarget: true);
    }

    /// <summary>
    /// Refuses what is no regular file before it is opened: opening a pipe waits for its writer, and none can be read twice.
    /// </summary>
    /// <exception cref="SourceException">It is a folder, a pipe or a device, or empty.</exception>
    public static void RequireRegular(string path)
    {
        // The system gives pipes, sockets and devices a length of zero; a link has one of its own.
        string? fault = Directory.Exists(path) ? $"{path} is a folder. Name a CSV file in it."
            : File.Exists(path) && BehindLinks(path) is not FileInfo { Exists: true, Length: > 0 }
                ? $"{path} is empty, or a pipe or device. {Wanted}; write what a pipe brings to a file first."
            : null;
        if (fault is not null)
        {
            throw new SourceException(fault);
        }
    }

    /// <summary>Where the text starts, in bytes, and its first line.</summary>
    /// <exception cref="SourceException">It is no text.</exception>
    public static (int Start, string FirstLine) Begin(string path)
    {
        using FileStream stream = OpenFile(path);
        Span<byte> beginning = new byte[LongestField];
        beginning = beginning[..stream.ReadAtLeast(beginning, beginning.Length, throwOnEndOfStream: false)];
        int start = beginning.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]) ? 3 : 0;
        string text = Encoding.Latin1.GetString(beginning[start..]).TrimStart('\r', '\n');
        if (Recognise(beginning, text.TrimStart()) is { } kind)
        {
            throw new SourceException($"{path} is no CSV file: it is {kind}.");
        }

        return string.IsNullOrWhiteSpace(text)
            ? throw new SourceException($"{path} is empty. {Wanted}.")
            : (start, text.Split('\r', '\n')[0]);
    }

    /// <summary>
    /// A parser that starts at <paramref name="offset"/>. The file is read byte for byte as Latin-1, so that the parser's character
    /// count is an offset in the file; <see cref="Decode"/> makes UTF-8 text of a field.
    /// </summary>
    public static CsvParser Open(string path, long offset, string delimiter)
    {
        FileStream stream = OpenFile(path);
        stream.Position = offset;
        var configuration = new CsvConfiguration(CultureInfo.InvariantCulture)
        {
            Delimiter = delimiter,
            BadDataFound = null,
            MaxFieldSize = LongestField,
        };
        return new CsvParser(
            new StreamReader(stream, Encoding.Latin1, detectEncodingFromByteOrderMarks: false, LongestField), configuration);
    }

    /// <summary>The text of a field that was read byte for byte.</summary>
    public static string Decode(string field) =>
        Ascii.IsValid(field) ? field : Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(field));

    // Others may go on writing it.
    private static FileStream OpenFile(string path) =>
        new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, LongestField);

    private static string? Recognise(ReadOnlySpan<byte> beginning, string text)
    {
        foreach ((byte[] mark, string kind) in Kinds)
        {
            if (beginning.StartsWith(mark))
            {
                return kind;
            }
        }

        return text switch
        {
            ['{' or '[', ..] => "a JSON file. Write it as CSV first, or read it with a script source (ConvertFrom-Json)",
            _ when Markup.Any(mark => text.StartsWith(mark, StringComparison.OrdinalIgnoreCase)) => "a page of HTML or XML",
            _ => text.Contains('\0') ? "a binary file" : null,
        };
    }
}
