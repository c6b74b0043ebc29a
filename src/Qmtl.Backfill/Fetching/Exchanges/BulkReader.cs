using System.Buffers;
using System.Buffers.Text;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Qmtl.Fetching.Http;
using Qmtl.Messages;
using Qmtl.Time;

namespace Qmtl.Fetching.Exchanges;

/// <summary>
/// Reads a published file: a zip with one CSV whose fields are those of the API's rows. It must be whole, and its rows in order; anything
/// else is an error, because the exchange itself can be asked in its place.
/// </summary>
/// <param name="format">What the fields are.</param>
/// <param name="mayHaveHeader">Whether the first line may be one of names.</param>
internal sealed class BulkReader(CandleFormat format, bool mayHaveHeader)
{
    private const int LongestLine = 4096;

    // From this on a number is in microseconds: in milliseconds it would be in the year 5138.
    private const long LeastMicroseconds = 100_000_000_000_000;

    private readonly int _timeField = Number(format.TimeField);
    private readonly int _lastField = format.Columns.Append(new(string.Empty, format.TimeField)).Max(column => Number(column.Field));
    private readonly int[] _columnFields = [.. format.Columns.Select(column => Number(column.Field))];

    /// <summary>Compares a file with its checksum.</summary>
    /// <exception cref="InvalidDataException">It is another one.</exception>
    public static void RequireChecksum(ReadOnlySpan<byte> file, string checksum)
    {
        string told = checksum.Trim().Split(' ', 2)[0];
        string found = Convert.ToHexStringLower(SHA256.HashData(file));
        if (!told.Equals(found, StringComparison.OrdinalIgnoreCase))
        {
            throw new InvalidDataException($"its SHA-256 is {found[..12]}…, and the checksum beside it says {PlainText.OneLine(told, 12)}");
        }
    }

    /// <summary>Adds the rows of a file.</summary>
    /// <param name="zip">The file.</param>
    /// <param name="span">The opens of the first and the last bar that it may hold.</param>
    /// <param name="interval">The interval of the bars.</param>
    /// <param name="into">Takes the rows.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="InvalidDataException">It is no such file, or its rows are not in order, inside the span, each once.</exception>
    public void Read(byte[] zip, TimeRange span, BarInterval interval, CandleColumns into, CancellationToken cancellationToken)
    {
        using var archive = new ZipArchive(new MemoryStream(zip, writable: false), ZipArchiveMode.Read);
        ZipArchiveEntry entry = archive.Entries is [var only] ? only
            : throw new InvalidDataException($"it holds {archive.Entries.Count} files in place of one");
        using Stream lines = entry.Open();
        byte[] buffer = ArrayPool<byte>.Shared.Rent(1 << 16);
        try
        {
            ReadLines(lines, buffer, new Rows(this, span, interval, into), cancellationToken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static void ReadLines(Stream lines, byte[] buffer, Rows rows, CancellationToken cancellationToken)
    {
        int filled = 0;
        int read;
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            read = lines.Read(buffer, filled, buffer.Length - filled);
            filled += read;
            ReadOnlySpan<byte> text = buffer.AsSpan(0, filled);
            int end;
            while ((end = text.IndexOf((byte)'\n')) >= 0)
            {
                rows.Add(text[..end]);
                text = text[(end + 1)..];
            }

            if (text.Length > LongestLine)
            {
                throw new InvalidDataException($"line {rows.Count + 1} is longer than {LongestLine} bytes");
            }

            text.CopyTo(buffer);
            filled = text.Length;
        }
        while (read > 0);

        rows.Add(buffer.AsSpan(0, filled));
    }

    private static int Number(string field) => int.Parse(field, System.Globalization.CultureInfo.InvariantCulture);

    private IReadOnlyList<CandleColumn> Columns => format.Columns;

    private long TimeUnit => format.TimeUnit;

    private bool MayHaveHeader => mayHaveHeader;

    // Lines on their way into columns.
    private sealed class Rows(BulkReader reader, TimeRange span, BarInterval interval, CandleColumns into)
    {
        private readonly Cell[] _cells = new Cell[reader.Columns.Count];
        private readonly Range[] _ranges = new Range[64];
        private long _last = long.MinValue;

        public long Count { get; private set; }

        public void Add(ReadOnlySpan<byte> line)
        {
            line = line.TrimEnd((byte)'\r');
            if (line.IsEmpty)
            {
                return;
            }

            Count++;
            int fields = Split(line);
            ReadOnlySpan<byte> time = fields > reader._lastField ? line[_ranges[reader._timeField]] : default;
            if (!Utf8Parser.TryParse(time, out long number, out int length) || length != time.Length)
            {
                if (Count == 1 && reader.MayHaveHeader && !line.IsEmpty && !char.IsAsciiDigit((char)line[0]))
                {
                    return;
                }

                throw Wrong("is no row of numbers", line);
            }

            RequireOrder(number, line);
            for (int i = 0; i < _cells.Length; i++)
            {
                ReadCell(line[_ranges[reader._columnFields[i]]], reader.Columns[i].IsCount, ref _cells[i]);
                if (_cells[i].State != CellState.Read)
                {
                    throw Wrong($"has no number in {reader.Columns[i].Name}", line);
                }
            }

            into.AddRow(_last, 0, _cells, isForming: false);
        }

        private static void ReadCell(ReadOnlySpan<byte> field, bool isCount, ref Cell cell)
        {
            bool isRead = isCount
                ? Utf8Parser.TryParse(field, out cell.Count, out int length) && length == field.Length
                : AmountText.TryRead(field, out cell.Amount) && double.IsFinite(cell.Amount);
            cell.State = isRead ? CellState.Read : CellState.Wrong;
        }

        private void RequireOrder(long number, ReadOnlySpan<byte> line)
        {
            long perSecond = number >= LeastMicroseconds ? 1_000_000 : reader.TimeUnit;
            (long open, long rest) = Math.DivRem(number, perSecond);
            if (open <= _last)
            {
                throw Wrong(open == _last ? "is there twice" : "is not in order", line);
            }

            if (rest != 0 || !interval.IsOnGrid(open) || !span.Contains(open))
            {
                throw Wrong($"is no bar of the file's span, {span}", line);
            }

            _last = open;
        }

        private int Split(ReadOnlySpan<byte> line)
        {
            int fields = 0;
            int start = 0;
            for (int i = 0; i <= line.Length && fields < _ranges.Length; i++)
            {
                if (i == line.Length || line[i] == ',')
                {
                    _ranges[fields++] = start..i;
                    start = i + 1;
                }
            }

            return fields;
        }

        private InvalidDataException Wrong(string what, ReadOnlySpan<byte> line) => new(string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"line {Count} {what} ('{PlainText.OneLine(Encoding.UTF8.GetString(line[..Math.Min(line.Length, 200)]), 80)}')"));
    }

}
