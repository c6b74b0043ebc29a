using System.Globalization;
using System.Text;
using CsvHelper;
using Qmtl.Data;
using Qmtl.Messages;

namespace Qmtl.Cli.Rendering;

/// <summary>
/// Writes bars as CSV: a header, <c>ts</c> in Unix seconds, then the payload. There is no second time column, so that
/// <c>qmtl backfill --file</c> reads back what <c>qmtl history</c> wrote.
/// </summary>
internal sealed class CsvBars : IBarWriter, IAsyncDisposable
{
    private readonly CsvWriter _csv;
    private readonly bool _isTerminal;
    private IReadOnlyList<string>? _header;

    private readonly bool _isSafe;

    /// <summary>A writer.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="isTerminal">Whether that is a terminal, which must not obey what the texts hold; a file gets them as they are.</param>
    /// <param name="isSafe">Whether text that a spreadsheet would run as a formula gets an apostrophe.</param>
    public CsvBars(Stream output, bool isTerminal, bool isSafe = false)
    {
        _isTerminal = isTerminal;
        _isSafe = isSafe;
        _csv = new CsvWriter(
            new StreamWriter(output, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), bufferSize: 64 * 1024, leaveOpen: true)
            {
                NewLine = "\n",
            },
            new CsvHelper.Configuration.CsvConfiguration(CultureInfo.InvariantCulture) { NewLine = "\n" });
    }

    /// <inheritdoc/>
    public async Task WriteAsync(BarFrame frame, CancellationToken cancellationToken)
    {
        // A column that another program adds meanwhile has no place in the header; it is left out.
        _header ??= WriteHeader(frame.Columns.Select(column => column.Name));
        BarColumn?[] columns = [.. _header.Select(frame.FindColumn)];
        for (int row = 0; row < frame.Count; row++)
        {
            _csv.WriteField(frame.Timestamps[row]);
            foreach (BarColumn? column in columns)
            {
                WriteField(column, row);
            }

            _csv.NextRecord();
        }

        await _csv.FlushAsync();
    }

    /// <inheritdoc/>
    public async Task CompleteAsync(CancellationToken cancellationToken)
    {
        _header ??= WriteHeader([]);
        await _csv.FlushAsync();
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _csv.DisposeAsync();

    private string[] WriteHeader(IEnumerable<string> names)
    {
        string[] header = [.. names];
        _csv.WriteField(ColumnNames.Timestamp);
        Array.ForEach(header, WriteText);
        _csv.NextRecord();
        return header;
    }

    private string Shown(string text) => _isTerminal ? PlainText.Escape(text) : text;

    private void WriteField(BarColumn? column, int row)
    {
        if (column is BarColumn<string?>)
        {
            WriteText(column.GetText(row));
        }
        else
        {
            _csv.WriteField(column?.GetText(row));
        }
    }

    // Numbers of our own writing begin with a minus, too, and are no formulas; only text of somebody else's gets an apostrophe.
    private void WriteText(string? text)
    {
        string? shown = text is null ? null : Shown(text);
        _csv.WriteField(_isSafe && text is ['=' or '+' or '-' or '@' or '\t' or '\r' or '\n', ..] ? "'" + shown : shown);
    }
}
