using System.Globalization;
using CsvHelper;
using Qmtl.Data;
using Qmtl.Messages;
using Qmtl.Time;

namespace Qmtl.Fetching.Files;

/// <summary>
/// What one look through a whole file found: how its times and columns are read, and where which times are, so that an answer is read
/// from the stretches that can hold its rows. It has an entry for every few thousand rows, so it is small.
/// </summary>
internal sealed class CsvIndex : IFileIndex
{
    private const int RowsPerBlock = 4096;
    private const int MostProblems = 100;

    private readonly CsvLayout _layout;
    private readonly CsvForm _form;
    private readonly CommaEvidence _commas = new();
    private readonly CsvCulture? _numbers;
    private readonly CsvTimes _times;
    private readonly List<Block> _blocks = [];
    private readonly List<UnreadableRow> _problems = [];
    private long? _last;

    private CsvIndex(FileContent content, FileReading reading, CsvForm form, CancellationToken cancellationToken)
    {
        _layout = new CsvLayout(content, reading);
        _form = form;
        _times = new CsvTimes(_layout, form);
        _numbers = _layout.Culture ?? (form.HasDecimalComma ? CsvCulture.DecimalComma : null);
        using CsvParser parser = _layout.OpenAtHeader();
        while (LookAtBlock(parser, cancellationToken))
        {
        }

        if (_times.Refusal is { } refusal)
        {
            throw new SourceException($"{content.Path}: {refusal}");
        }

        if (_numbers is null && _commas.Doubt is { } doubt)
        {
            throw new SourceException(
                $"{content.Path}: '{PlainText.OneLine(doubt, 40)}' can be a whole number or one with a fraction, and no other number in "
                    + "the file tells. Name the culture (-Culture, --culture): en-US for thousands, de-DE for fractions.");
        }
    }

    /// <summary>Looks through a file.</summary>
    /// <exception cref="SourceException">The file is no CSV file, its columns have no names and no known shape, none is the time, or no
    /// row can be read.</exception>
    public static CsvIndex Of(FileContent content, FileReading reading, CancellationToken cancellationToken)
    {
        var index = new CsvIndex(content, reading, CsvForm.Usual, cancellationToken);
        CsvForm learnt = index._times.Learnt with { HasDecimalComma = index._numbers is null && index._commas.IsDecimal };
        if (learnt != CsvForm.Usual)
        {
            // What the times and numbers as a whole are is known only at the end of the file.
            index = new CsvIndex(content, reading, learnt, cancellationToken);
        }

        return index._blocks.Count > 0 ? index : throw new SourceException(index._problems is [var first, ..]
            ? $"{content.Path}: no row can be read. Line {first.Line}: {first.Message} (column of times: {index._layout.Time})."
            : $"{content.Path} has a header and no bars.");
    }

    /// <inheritdoc/>
    public SourceReading Reading => new(_times.Format, _problems);

    /// <inheritdoc/>
    public FileStreams Streams => _layout.Streams;

    /// <inheritdoc/>
    public UnplacedRows Unplaced { get; } = new();

    /// <inheritdoc/>
    public RawBars Read(StreamKey stream, TimeRange asked, CancellationToken cancellationToken)
    {
        var times = new CsvTimes(_layout, _form);
        var answer = new FileAnswer(stream, asked, _layout.Payload.Select(column => column.Evidence), _times.Notes);
        foreach (Block block in BlocksWith(answer.Window))
        {
            using CsvParser parser = _layout.Open(block.Offset);
            long place = block.Before;
            for (long row = 0; row < block.Rows && parser.Read(); row++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (times.Read(parser, out long timestamp, out int nanoseconds) is not null)
                {
                    answer.AddUnreadable(place);
                    continue;
                }

                place = timestamp;
                if (answer.Window.Contains(timestamp) && Streams.IsOf(stream, _layout.NodeOf(parser), _layout.IntervalOf(parser)))
                {
                    answer.Add(timestamp, nanoseconds);
                    AddFields(answer, parser, block.Line + parser.RawRow);
                }
            }
        }

        return answer.Build(this);
    }

    private void AddFields(FileAnswer answer, CsvParser parser, long line)
    {
        ColumnBuilder[] columns = answer.Columns;
        for (int i = 0; i < columns.Length; i++)
        {
            CsvColumn column = _layout.Payload[i];
            if (column.IsExactText)
            {
                string exact = CsvFile.Decode(parser[column.Index]);
                bool isNull = exact.Length == 0 && !CsvFile.IsQuoted(parser.RawRecord, column.Index);
                ((ColumnBuilder<string?>)columns[i]).Add(isNull ? null : exact);
                continue;
            }

            string field = columns[i] is ColumnBuilder<string?> ? CsvFile.Decode(parser[column.Index]) : parser[column.Index];
            string? value = columns[i] is ColumnBuilder<string?> or ColumnBuilder<bool> ? field : Plain(field);
            if ((value is null || !columns[i].TryAddText(value))
                && column.Evidence.AddMisfit(columns[i], field)
                && answer.TakesMisfits)
            {
                string place = string.Create(CultureInfo.InvariantCulture, $"of line {line}");
                answer.AddMisfit(SourceNote.Misfit(CsvFile.Decode(field), column.Evidence.Name, place));
            }
        }
    }

    // Those that follow one another are read as one.
    private IEnumerable<Block> BlocksWith(TimeRange window)
    {
        Block? joined = null;
        foreach (Block block in _blocks)
        {
            if (block.Times.Overlaps(window))
            {
                joined = joined is null ? block : joined with { Rows = joined.Rows + block.Rows };
            }
            else if (joined is not null)
            {
                yield return joined;
                joined = null;
            }
        }

        if (joined is not null)
        {
            yield return joined;
        }
    }

    private bool LookAtBlock(CsvParser parser, CancellationToken cancellationToken)
    {
        (long offset, long line, int rows, long? before) = (parser.CharCount, parser.RawRow, 0, _last);
        TimeRange? times = before is { } known ? new TimeRange(known, known) : null;

        // Rows at the file's beginning that have no time belong where the first is that has one.
        while ((rows < RowsPerBlock || _last is null) && parser.Read())
        {
            cancellationToken.ThrowIfCancellationRequested();
            rows++;
            if (LookAtRow(parser) is { } timestamp)
            {
                Unplaced.Add(timestamp);
                _last = timestamp;
                before ??= timestamp;
                times = TimeRange.Including(times, timestamp);
            }
        }

        if (rows > 0 && before is { } place)
        {
            _blocks.Add(new Block(offset, line, rows, place, times!.Value));
        }

        return rows >= RowsPerBlock;
    }

    private long? LookAtRow(CsvParser parser)
    {
        if (_times.Read(parser, out long timestamp, out _) is { } problem)
        {
            Unplaced.AddUnreadable();
            if (_problems.Count < MostProblems)
            {
                _problems.Add(new UnreadableRow(parser.RawRow, problem));
            }

            return null;
        }

        // Where commas separate fields, those in numbers stand in quotes from the first rows on; no other row pays for them.
        if (_numbers is null && (_blocks.Count == 0 || !_layout.IsCommaSeparated))
        {
            foreach (CsvColumn amount in _layout.Amounts)
            {
                _commas.LookAt(parser[amount.Index]);
            }
        }

        Streams.Add(_layout.NodeOf(parser), _layout.IntervalOf(parser), timestamp);
        foreach (CsvColumn column in _layout.Payload)
        {
            if (!column.Evidence.IsKnown)
            {
                column.Evidence.LookAtField(Plain(parser[column.Index]) ?? parser[column.Index]);
            }
        }

        return timestamp;
    }

    // A number as every program writes it, where the file's are written otherwise; null where it is none.
    private string? Plain(string field) =>
        CsvFile.Decode(field) is var text && _numbers is { } written ? written.Plain(text) : text;

    /// <summary>A stretch of the file.</summary>
    /// <param name="Offset">Its place in the text, in bytes.</param>
    /// <param name="Line">How many lines come before it.</param>
    /// <param name="Rows">How many rows it has, with those that could not be read.</param>
    /// <param name="Before">The time of the last readable row before it (Unix seconds, UTC); at the file's beginning that of the
    /// first.</param>
    /// <param name="Times">From the earliest to the latest time in it, and <paramref name="Before"/>.</param>
    private sealed record Block(long Offset, long Line, long Rows, long Before, TimeRange Times);
}
