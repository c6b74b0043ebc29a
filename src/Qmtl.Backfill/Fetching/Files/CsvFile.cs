using System.Globalization;
using System.Text;
using CsvHelper;
using CsvHelper.Configuration;

namespace Qmtl.Fetching.Files;

/// <summary>Opens a CSV file so that the place of every row in it is known, and says what a file is that is none.</summary>
internal static class CsvFile
{
    /// <summary>
    /// The longest field, in bytes. Without a limit, one quote that is never closed would take the rest of the file into memory.
    /// </summary>
    public const int LongestField = 64 * 1024;

    // CryptoDataDownload's files begin with its address.
    private static readonly string[] Addresses = ["https://", "http://"];

    private static readonly (byte[] Beginning, string Kind)[] Kinds =
    [
        ("PK"u8.ToArray(), "a zip archive without a file, or one inside of another. Take the file out of it first (Expand-Archive, unzip)"),
        ([0x1F, 0x8B], "compressed by gzip twice. Unpack it first (gunzip)"),
        ("BZh"u8.ToArray(), "compressed by bzip2. Unpack it first (bunzip2)"),
        ([0xFD, .. "7zXZ"u8], "compressed by xz. Unpack it first (unxz)"),
        ([0x28, 0xB5, 0x2F, 0xFD], "compressed by zstd. Unpack it first (unzstd)"),
        ([.. "7z"u8, 0xBC, 0xAF], "a 7z archive. Take the file out of it first"),
        ("FEA1"u8.ToArray(), "a Feather file of version 1. Write it as version 2 (to_feather of today's pandas) or as CSV first"),
        ("SQLite format 3\0"u8.ToArray(), "a SQLite database. Name it as the store, or write its table as CSV first"),
        ([0x89, .. "HDF"u8], "an HDF5 file. Write it as CSV first"),
        ("%PDF"u8.ToArray(), "a PDF document"),
        ([0xFF, 0xFE], "UTF-16 text. Save it as UTF-8"),
        ([0xFE, 0xFF], "UTF-16 text. Save it as UTF-8"),
    ];

    private static readonly string[] Markup = ["<?xml", "<!doctype", "<html"];

    /// <summary>Where the text starts, in bytes, its first line, and how many lines come before that.</summary>
    /// <exception cref="SourceException">It is no text.</exception>
    public static (int Start, string FirstLine, int Skipped) Begin(FileContent content)
    {
        byte[] beginning = content.Begin();
        int start = beginning.AsSpan().StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]) ? 3 : 0;
        string text = Encoding.Latin1.GetString(beginning.AsSpan(start)).TrimStart('\r', '\n');
        if (Recognise(beginning, text.TrimStart()) is { } kind)
        {
            throw new SourceException($"{content.Path} is no CSV file: it is {kind}.");
        }

        string[] lines = text.Split(["\r\n", "\n", "\r"], 3, StringSplitOptions.None);
        bool isAddress = lines.Length > 1 && Addresses.Any(mark => lines[0].StartsWith(mark, StringComparison.Ordinal));
        return string.IsNullOrWhiteSpace(text)
            ? throw new SourceException(
                $"{content.Path} is empty. A CSV file has a line that names the columns and a line for each bar.")
            : (start, lines[isAddress ? 1 : 0], isAddress ? 1 : 0);
    }

    /// <summary>
    /// A parser that starts at <paramref name="offset"/>. The file is read byte for byte as Latin-1, so that the parser's character
    /// count is an offset in the file; <see cref="Decode"/> makes UTF-8 text of a field.
    /// </summary>
    public static CsvParser Open(FileContent content, long offset, string delimiter)
    {
        Stream stream = content.Open();
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

    /// <summary>Whether the field at that place stands in quotes, in a row as it is in a file of fields separated by commas.</summary>
    public static bool IsQuoted(string row, int index)
    {
        bool isInside = false;
        int field = 0;
        for (int i = 0; i < row.Length; i++)
        {
            if (field == index && !isInside)
            {
                return row[i] == '"';
            }

            // A quote that is doubled closes and opens.
            isInside ^= row[i] == '"';
            field += row[i] == ',' && !isInside ? 1 : 0;
        }

        return false;
    }

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
            ['{' or '[', ..] => "a JSON file, and not one of bars: those are lists in a list, or objects in a list or one a line",
            _ when Markup.Any(mark => text.StartsWith(mark, StringComparison.OrdinalIgnoreCase)) => "a page of HTML or XML",
            _ => text.Contains('\0') ? "a binary file" : null,
        };
    }
}
