using System.Buffers.Text;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Qmtl.Data;
using Qmtl.Fetching.Http;
using Qmtl.Time;

namespace Qmtl.Fetching.Exchanges;

/// <summary>
/// Reads candles straight into columns. A wrong row spoils only itself: amounts that it lacks are NaN, and a row without a time is counted.
/// </summary>
internal sealed class CandleReader
{
    // What a field holds, where it is no column.
    private const int Nothing = -1;
    private const int Time = -2;
    private const int Closed = -3;

    private readonly CandleFormat _format;
    private readonly bool[] _isCount;
    private readonly byte[] _closedValue;

    // Of lists: what stands in which field.
    private readonly int[] _meaningOfField;

    // Of objects and columns: the names that mean something, and what.
    private readonly (byte[] Name, int Meaning)[] _names;

    public CandleReader(CandleFormat format)
    {
        _format = format;
        _isCount = [.. format.Columns.Select(column => column.IsCount)];
        _closedValue = Encoding.UTF8.GetBytes(format.ClosedValue ?? string.Empty);
        List<(string Field, int Meaning)> meanings = [(format.TimeField, Time), .. format.Columns.Select((column, i) => (column.Field, i))];
        if (format.ClosedField is { } closed)
        {
            meanings.Add((closed, Closed));
        }

        _names = [.. meanings.Select(meaning => (Encoding.UTF8.GetBytes(meaning.Field), meaning.Meaning))];
        _meaningOfField = format.Shape == CandleShape.Arrays ? ByIndex(meanings) : [];
    }

    /// <summary>Adds the rows of one answer.</summary>
    /// <param name="json">The answer's body.</param>
    /// <param name="symbol">The symbol that was asked for.</param>
    /// <param name="interval">The interval that was asked for.</param>
    /// <param name="into">Takes the rows.</param>
    /// <exception cref="JsonException">The text is no JSON, or has no rows where they should be.</exception>
    public void Read(ReadOnlySpan<byte> json, string symbol, BarInterval interval, CandleColumns into)
    {
        var reader = new Utf8JsonReader(json);
        if (!_format.At.Seek(ref reader, symbol))
        {
            RequireAbsence(json);
            return;
        }

        if (reader.TokenType == JsonTokenType.Null)
        {
            RequireEnd(ref reader);
            return;
        }

        JsonTokenType expected = _format.Shape == CandleShape.Columns ? JsonTokenType.StartObject : JsonTokenType.StartArray;
        if (reader.TokenType != expected)
        {
            throw new JsonException($"There are no rows at {_format.At}.");
        }

        if (_format.Shape == CandleShape.Columns)
        {
            ReadColumns(ref reader, interval, into);
        }
        else
        {
            ReadRows(ref reader, interval, into);
        }

        RequireEnd(ref reader);
    }

    // Half an answer, and anything after it, is no JSON.
    private static void RequireEnd(ref Utf8JsonReader reader)
    {
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
            {
                reader.Skip();
            }
        }
    }

    private static int[] ByIndex(List<(string Field, int Meaning)> meanings)
    {
        var fields = meanings.Select(meaning => (Index: int.Parse(meaning.Field, CultureInfo.InvariantCulture), meaning.Meaning)).ToList();
        int[] byIndex = new int[fields.Max(field => field.Index) + 1];
        Array.Fill(byIndex, Nothing);
        foreach ((int index, int meaning) in fields)
        {
            byIndex[index] = meaning;
        }

        return byIndex;
    }

    // Where rows stand under the symbol, a symbol without rows has no place of its own. Anything else that is not there is no answer.
    private void RequireAbsence(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        if (_format.At.WithoutSymbol is not { } parent || !parent.Seek(ref reader)
            || reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.Null))
        {
            throw new JsonException($"There are no rows at {_format.At}.");
        }
    }

    private void ReadRows(ref Utf8JsonReader reader, BarInterval interval, CandleColumns into)
    {
        Span<Cell> cells = new Cell[_isCount.Length];
        JsonTokenType row = _format.Shape == CandleShape.Arrays ? JsonTokenType.StartArray : JsonTokenType.StartObject;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != row)
            {
                reader.Skip();
                into.Unreadable = into.Unreadable.Plus(RejectionReason.Unreadable, 1);
            }
            else if (row == JsonTokenType.StartArray)
            {
                ReadList(ref reader, interval, cells, into);
            }
            else
            {
                ReadObject(ref reader, interval, cells, into);
            }
        }
    }

    // Called a million times in the first seconds of a large backfill, when the runtime would still be running code that counts
    // every call; that made it several times slower.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ReadList(ref Utf8JsonReader reader, BarInterval interval, Span<Cell> cells, CandleColumns into)
    {
        cells.Clear();
        RowTime time = default;
        bool isClosed = true;
        int[] meanings = _meaningOfField;
        for (int field = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; field++)
        {
            if ((uint)field < (uint)meanings.Length && meanings[field] != Nothing)
            {
                ReadField(ref reader, meanings[field], cells, ref time, ref isClosed);
            }

            reader.Skip();
        }

        Add(time, interval, cells, isClosed, into);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ReadObject(ref Utf8JsonReader reader, BarInterval interval, Span<Cell> cells, CandleColumns into)
    {
        cells.Clear();
        RowTime time = default;
        bool isClosed = true;
        int guess = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            int found = Find(ref reader, guess);
            reader.Read();
            if (found >= 0)
            {
                guess = found + 1;
                ReadField(ref reader, _names[found].Meaning, cells, ref time, ref isClosed);
            }

            reader.Skip();
        }

        Add(time, interval, cells, isClosed, into);
    }

    // Rows have their fields in the same order, so the next is looked for first.
    private int Find(ref Utf8JsonReader reader, int guess)
    {
        for (int i = 0; i < _names.Length; i++)
        {
            int at = (guess + i) % _names.Length;
            if (reader.ValueTextEquals(_names[at].Name))
            {
                return at;
            }
        }

        return -1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void ReadField(ref Utf8JsonReader reader, int meaning, Span<Cell> cells, ref RowTime time, ref bool isClosed)
    {
        if (meaning >= 0)
        {
            ReadCell(ref reader, meaning, ref cells[meaning]);
        }
        else if (meaning == Time)
        {
            time = RowTime.Read(ref reader, _format.TimeUnit);
        }
        else
        {
            isClosed = IsClosed(ref reader);
        }
    }

    private bool IsClosed(ref Utf8JsonReader reader) =>
        reader.TokenType is JsonTokenType.True or JsonTokenType.False or JsonTokenType.Number or JsonTokenType.String
        && reader.ValueSpan.SequenceEqual(_closedValue);

    private void Add(RowTime time, BarInterval interval, Span<Cell> cells, bool isClosed, CandleColumns into)
    {
        if (!time.IsKnown)
        {
            into.Unreadable = into.Unreadable.Plus(RejectionReason.MissingTimestamp, 1);
            return;
        }

        RowTime open = _format.IsStampedAtClose ? OpenOf(time, interval) : time;
        into.AddRow(open.Seconds, open.Nanoseconds, cells, !isClosed);
    }

    // A bar's close is the next one's open, or its own last second, such as 12:00:59.999. Any other time is off the grid, and stays so.
    private static RowTime OpenOf(RowTime close, BarInterval interval)
    {
        if (interval.IsOnGrid(close.Seconds) && close.Nanoseconds == 0)
        {
            return close with { Seconds = interval.Previous(close.Seconds) };
        }

        long open = interval.Floor(close.Seconds);
        return interval.Next(open) - close.Seconds == 1 && interval.Duration > TimeSpan.FromSeconds(1) ? new RowTime(open, 0, true) : close;
    }

    private void ReadColumns(ref Utf8JsonReader reader, BarInterval interval, CandleColumns into)
    {
        List<RowTime>? times = null;
        List<bool> closed = [];
        List<Cell>[] columns = [.. _isCount.Select(static _ => new List<Cell>())];
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            int found = Find(ref reader, 0);
            reader.Read();
            if (found < 0 || reader.TokenType != JsonTokenType.StartArray)
            {
                reader.Skip();
                continue;
            }

            times = _names[found].Meaning == Time ? [] : times;
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                AddTo(_names[found].Meaning, ref reader, times, closed, columns);
                reader.Skip();
            }
        }

        if (times is null)
        {
            throw new JsonException($"There is no list of times at {_format.At}.");
        }

        RequireLengths(times.Count, closed.Count, columns);
        Span<Cell> cells = new Cell[columns.Length];
        for (int row = 0; row < times.Count; row++)
        {
            for (int i = 0; i < columns.Length; i++)
            {
                cells[i] = columns[i].Count == 0 ? default : columns[i][row];
            }

            Add(times[row], interval, cells, closed.Count == 0 || closed[row], into);
        }
    }

    private void AddTo(int meaning, ref Utf8JsonReader reader, List<RowTime>? times, List<bool> closed, List<Cell>[] columns)
    {
        switch (meaning)
        {
            case Time:
                times!.Add(RowTime.Read(ref reader, _format.TimeUnit));
                break;
            case Closed:
                closed.Add(IsClosed(ref reader));
                break;
            default:
                Cell cell = default;
                ReadCell(ref reader, meaning, ref cell);
                columns[meaning].Add(cell);
                break;
        }
    }

    // Of lists that are not equally long nobody can tell which of their entries belong together.
    private void RequireLengths(int times, int closed, List<Cell>[] columns)
    {
        bool isWhole = closed == times || (closed == 0 && _format.ClosedField is null);
        for (int i = 0; i < columns.Length; i++)
        {
            isWhole &= columns[i].Count == times || (columns[i].Count == 0 && !_format.Columns[i].IsNeeded);
        }

        if (!isWhole)
        {
            throw new JsonException($"The lists at {_format.At} are not equally long.");
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void ReadCell(ref Utf8JsonReader reader, int column, ref Cell cell)
    {
        if (_isCount[column])
        {
            ReadCount(ref reader, ref cell);
        }
        else
        {
            ReadAmount(ref reader, ref cell);
        }
    }

    private static void ReadCount(ref Utf8JsonReader reader, ref Cell cell)
    {
        bool isRead = reader.TokenType switch
        {
            JsonTokenType.Number => reader.TryGetInt64(out cell.Count),
            JsonTokenType.String =>
                Utf8Parser.TryParse(reader.ValueSpan, out cell.Count, out int length) && length == reader.ValueSpan.Length,
            _ => false,
        };
        cell.State = isRead ? CellState.Read : reader.TokenType == JsonTokenType.Null ? CellState.Missing : CellState.Wrong;
    }

    private static void ReadAmount(ref Utf8JsonReader reader, ref Cell cell)
    {
        bool isRead = reader.TokenType switch
        {
            JsonTokenType.String or JsonTokenType.Number => AmountText.TryRead(reader.ValueSpan, out cell.Amount),
            _ => false,
        };
        cell.State = isRead ? CellState.Read : reader.TokenType == JsonTokenType.Null ? CellState.Missing : CellState.Wrong;
    }
}
