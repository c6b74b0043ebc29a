using System.Text;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Fetching.Files;

/// <summary>A format of files. A new one needs its line in <see cref="All"/> and a class that looks through a file of it.</summary>
/// <param name="Name">What operators call it, for example <c>csv</c>.</param>
/// <param name="Title">What it is in a sentence, for example <c>Parquet file</c>.</param>
/// <param name="IsStart">Whether a file that begins with these bytes is of the format; its name does not matter.</param>
/// <param name="Look">Looks through a file.</param>
internal sealed record FileFormat(
    string Name, string Title, Func<byte[], bool> IsStart, Func<FileContent, FileReading, CancellationToken, IFileIndex> Look)
{
    /// <summary>What is no file of another format is CSV, which has no mark to know it by.</summary>
    private static FileFormat Csv { get; } = new(
        "csv",
        "CSV file",
        static _ => false,
        static (content, reading, cancellationToken) => CsvIndex.Of(content, reading, cancellationToken));

    // Nothing of a format's library is loaded before a file of it is looked through.
    private static readonly FileFormat[] All =
    [
        Csv,
        new("json", "JSON file", JsonTable.IsStart, static (content, reading, cancellationToken) =>
            TableIndex.Of(content, JsonTable.Open(content, reading, cancellationToken), cancellationToken)),
        new("feather", "Feather (Arrow) file", StartsWith("ARROW1"), static (content, _, cancellationToken) =>
            TableIndex.Of(content, FeatherTable.Open(content), cancellationToken)),
        new("parquet", "Parquet file", StartsWith("PAR1"), static (content, _, cancellationToken) =>
            TableIndex.Of(content, ParquetTable.Open(content), cancellationToken)),
    ];

    /// <summary>The formats as kinds of sources.</summary>
    public static IEnumerable<SourceKind> Kinds => All.Select(format => format.Kind);

    /// <summary>Whether it is one of text, where numbers and columns are written in many ways.</summary>
    public bool IsText => this == Csv;

    /// <summary>Whether each file of it names its columns.</summary>
    public bool HasNames => Name is "feather" or "parquet";

    private SourceKind Kind => new(Name)
    {
        IsFile = true,
        Reads = path => this != Csv && IsStart(FileContent.Begin(path)),
        Open = options => FileFetcher.OfFile(options, this),
    };

    /// <summary>The format of a file by its first bytes.</summary>
    public static FileFormat Of(byte[] beginning) => Array.Find(All, format => format.IsStart(beginning)) ?? Csv;

    private static Func<byte[], bool> StartsWith(string mark) =>
        beginning => beginning.AsSpan().StartsWith(Encoding.ASCII.GetBytes(mark));
}

/// <summary>What an operator says of how a file is to be read, where the file cannot say it.</summary>
/// <param name="Delimiter">What separates fields; null where it is found.</param>
/// <param name="Culture">How numbers and dates are written; null where that is found.</param>
/// <param name="Header">The names of the columns of a file that has none; null where its first line or its shape says them.</param>
internal sealed record FileReading(char? Delimiter, CsvCulture? Culture, IReadOnlyList<string>? Header)
{
    /// <summary>All of it in words, to tell two readings of one file apart; empty where nothing was said.</summary>
    public override string ToString() => this is { Delimiter: null, Culture: null, Header: null }
        ? string.Empty
        : $"\n{Delimiter}\n{Culture?.Name}\n{(Header is null ? null : string.Join('\n', Header))}";
}

/// <summary>What one look through a whole file found, and how rows are read from it.</summary>
internal interface IFileIndex
{
    /// <summary>How its times are read, and the first rows that could not be.</summary>
    SourceReading Reading { get; }

    /// <summary>Whose rows it has.</summary>
    FileStreams Streams { get; }

    /// <summary>The rows that could not be read.</summary>
    UnplacedRows Unplaced { get; }

    /// <summary>Reads the rows of a stream of the file inside <paramref name="asked"/>, both ends on the grid.</summary>
    RawBars Read(StreamKey stream, TimeRange asked, CancellationToken cancellationToken);
}
