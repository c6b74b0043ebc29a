namespace Qmtl.Data;

/// <summary>The names that columns may have, and those that this project gives a meaning.</summary>
public static class ColumnNames
{
    /// <summary>The bar's open.</summary>
    public const string Timestamp = "ts";

    /// <summary>The stream's node id.</summary>
    public const string NodeId = "node_id";

    /// <summary>The stream's interval in seconds.</summary>
    public const string Interval = "interval";

    // Up to so many, looking through them all costs less than a set of them.
    private const int FewColumns = 16;

    // A column that is whole in one answer and fractional in the next must not change its type between the two.
    private static readonly HashSet<string> MeasureNames = new(StringComparer.OrdinalIgnoreCase)
    {
        "open", "high", "low", "close", "volume", "quote_volume", "vwap", "price",
        "taker_buy_base_volume", "taker_buy_quote_volume",
    };

    private static readonly HashSet<string> CountNames = new(StringComparer.OrdinalIgnoreCase)
    {
        "trades", "count", "trade_count", "num_trades", "number_of_trades",
    };

    /// <summary>Whether the name is one of the key columns, which a payload cannot have.</summary>
    public static bool IsKey(string name) =>
        string.Equals(name, Timestamp, StringComparison.OrdinalIgnoreCase)
        || string.Equals(name, NodeId, StringComparison.OrdinalIgnoreCase)
        || string.Equals(name, Interval, StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// Whether the name is a candle's price or volume. Built from rows, such a column is always <see cref="BarColumnType.Double"/>,
    /// also where this page's values happen to be whole numbers or numbers in text.
    /// </summary>
    public static bool IsMeasure(string name) => MeasureNames.Contains(name);

    /// <summary>
    /// Whether the name is a measure or a number of trades. Where such a column holds what is no number, its row is not taken: a bar
    /// without it would pass for a whole one.
    /// </summary>
    public static bool IsAmount(string name) => IsMeasure(name) || CountNames.Contains(name);

    /// <summary>Whether a row's field of that name is its time.</summary>
    internal static bool IsTimestamp(string name) =>
        string.Equals(name, Timestamp, StringComparison.OrdinalIgnoreCase)
        || string.Equals(name, nameof(Timestamp), StringComparison.OrdinalIgnoreCase);

    /// <summary>Why a payload column cannot have the name, in a sentence; null where it can.</summary>
    internal static string? Complaint(string name) => name switch
    {
        _ when IsKey(name) => $"A payload column cannot be named '{name}': that is a key column. Rename or drop it.",
        _ when name.Contains('\0') || name.Length is 0 or > 63 =>
            $"'{name.Replace("\0", "\\0", StringComparison.Ordinal)}' cannot be a column's name: 1 to 63 characters and no NUL.",
        _ => null,
    };

    internal static void RequireUsable(IReadOnlyList<BarColumn> columns, int rows)
    {
        HashSet<string>? seen = columns.Count > FewColumns ? new(StringComparer.OrdinalIgnoreCase) : null;
        for (int at = 0; at < columns.Count; at++)
        {
            BarColumn column = columns[at];
            if (column.Length != rows)
            {
                throw new ArgumentException(
                    $"Column '{column.Name}' has {column.Length} rows, the timestamps have {rows}.", nameof(columns));
            }

            if (Complaint(column.Name) is { } complaint)
            {
                throw new ArgumentException(complaint, nameof(columns));
            }

            if (!(seen?.Add(column.Name) ?? IsFirst(columns, at)))
            {
                throw new ArgumentException(
                    $"Two columns are named '{column.Name}' (case does not count). Rename or drop one.", nameof(columns));
            }
        }
    }

    private static bool IsFirst(IReadOnlyList<BarColumn> columns, int at)
    {
        for (int before = 0; before < at; before++)
        {
            if (string.Equals(columns[before].Name, columns[at].Name, StringComparison.OrdinalIgnoreCase))
            {
                return false;
            }
        }

        return true;
    }
}
