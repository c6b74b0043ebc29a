using Qmtl.Data;
using Qmtl.Fetching.Http;

namespace Qmtl.Fetching.Exchanges;

/// <summary>How the rows of an answer are laid out.</summary>
internal enum CandleShape
{
    /// <summary>Each row is a list; a field is an index.</summary>
    Arrays,

    /// <summary>Each row is an object; a field is a name.</summary>
    Objects,

    /// <summary>There is one list a field, under its name.</summary>
    Columns,
}

/// <summary>Where an answer has its candles, and what their fields mean.</summary>
internal sealed record CandleFormat
{
    private const int MostColumns = 64;

    private static readonly Dictionary<string, CandleShape> Shapes = new()
    {
        ["arrays"] = CandleShape.Arrays,
        ["objects"] = CandleShape.Objects,
        ["columns"] = CandleShape.Columns,
    };

    /// <summary>Where the rows, or the columns, sit.</summary>
    public required JsonPath At { get; init; }

    /// <summary>How they are laid out.</summary>
    public required CandleShape Shape { get; init; }

    /// <summary>The field of the time.</summary>
    public required string TimeField { get; init; }

    /// <summary>How many of the time's unit are in a second; 0 for ISO 8601.</summary>
    public required long TimeUnit { get; init; }

    /// <summary>Whether the time is the bar's close.</summary>
    public bool IsStampedAtClose { get; init; }

    /// <summary>The field that tells whether a bar has closed; null where there is none.</summary>
    public string? ClosedField { get; init; }

    /// <summary>What that field holds where it has.</summary>
    public string? ClosedValue { get; init; }

    /// <summary>The payload, in the order of the profile.</summary>
    public required IReadOnlyList<CandleColumn> Columns { get; init; }

    /// <summary>Reads the part of a profile that stands under <c>rows</c>.</summary>
    /// <exception cref="ArgumentException">Something of it is wrong.</exception>
    public static CandleFormat Read(DeclaredNode rows)
    {
        rows.Only("at", "shape", "time", "closed", "columns");
        CandleShape shape = rows.Required("shape").OneOf(Shapes);
        DeclaredNode time = rows.Required("time").Only("field", "unit", "stamp");
        DeclaredNode? closed = rows.Optional("closed")?.Only("field", "equals");
        DeclaredNode columns = rows.Required("columns");
        IEnumerable<DeclaredNode> marks = closed is { } mark ? [time.Required("field"), mark.Required("field")] : [time.Required("field")];
        RequireOneUseEach(marks.Concat(columns.Members().Select(static member => member.Value)));
        Dictionary<string, long> units = new(EpochUnit.Words) { ["iso"] = 0 };
        return new CandleFormat
        {
            At = JsonPath.Read(rows.Required("at")),
            Shape = shape,
            TimeField = ReadField(time.Required("field"), shape),
            TimeUnit = time.Required("unit").OneOf(units),
            IsStampedAtClose = time.Optional("stamp")?.OneOf(new Dictionary<string, bool> { ["open"] = false, ["close"] = true }) ?? false,
            ClosedField = closed is { } flag ? ReadField(flag.Required("field"), shape) : null,
            ClosedValue = closed?.Required("equals").Scalar(),
            Columns = ReadColumns(columns, shape),
        };
    }

    private static string ReadField(DeclaredNode node, CandleShape shape) => shape == CandleShape.Arrays
        ? node.Number(0, MostColumns - 1).ToString(System.Globalization.CultureInfo.InvariantCulture)
        : node.Text();

    // Of two that read one field only the last would get its value.
    private static void RequireOneUseEach(IEnumerable<DeclaredNode> fields)
    {
        Dictionary<string, string> users = [];
        foreach (DeclaredNode field in fields)
        {
            if (!users.TryAdd(field.Json.GetRawText(), field.Path))
            {
                throw field.Wrong($"reads the field that '{users[field.Json.GetRawText()]}' reads already. Give each a field of its own");
            }
        }
    }

    private static List<CandleColumn> ReadColumns(DeclaredNode node, CandleShape shape)
    {
        List<CandleColumn> columns = [];
        foreach ((string name, DeclaredNode field) in node.Members())
        {
            columns.Add(new(name, ReadField(field, shape)));
            if (ColumnNames.Complaint(name) is { } complaint)
            {
                throw field.Wrong($"stands under a name that no column can have. {complaint.TrimEnd('.')}");
            }
        }

        foreach (string name in (ReadOnlySpan<string>)["open", "high", "low", "close"])
        {
            if (columns.All(column => column.Name != name))
            {
                throw node.Wrong($"lacks '{name}'. A candle has open, high, low and close");
            }
        }

        string? twice = columns.GroupBy(column => column.Name, StringComparer.OrdinalIgnoreCase)
            .FirstOrDefault(group => group.Count() > 1)?.Key;
        return twice is null && columns.Count <= MostColumns
            ? columns
            : throw node.Wrong(twice is null ? $"has more than {MostColumns} columns" : $"has '{twice}' twice; case does not count");
    }
}
