using System.Globalization;
using System.Text;
using CsvHelper;
using CsvHelper.Configuration;

namespace Qmtl.Fetching.Csv;

/// <summary>Opens a CSV file so that the place of every row in it is known.</summary>
internal static class CsvText
{
    /// <summary>The longest field, in bytes. Without a limit, one quote that is never closed would take the rest of the file into memory.</summary>
    public const int LongestField = 64 * 1024;

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
        return new CsvParser(new StreamReader(stream, Encoding.Latin1, detectEncodingFromByteOrderMarks: false, LongestField), configuration);
    }

    /// <summary>Opens the file for reading while others may go on writing it.</summary>
    public static FileStream OpenFile(string path) =>
        new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, LongestField);

    /// <summary>The text of a field that was read byte for byte.</summary>
    public static string Decode(string field) =>
        Ascii.IsValid(field) ? field : Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(field));
}
