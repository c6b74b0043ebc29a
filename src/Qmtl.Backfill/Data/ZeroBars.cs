namespace Qmtl.Data;

/// <summary>Finds bars with prices of which every number is 0: some exchanges answer so before a listing or in an outage.</summary>
internal static class ZeroBars
{
    private static readonly string[] Prices = ["close", "open", "high", "low", "price"];

    /// <summary>How many there are, and the open of the first (Unix seconds, UTC).</summary>
    public static (long Count, long First) Find(BarFrame frame)
    {
        (long count, long first) = (0, 0);
        if (Prices.Select(frame.FindColumn).FirstOrDefault(column => column is not null) is not BarColumn<double> price)
        {
            return (count, first);
        }

        ReadOnlySpan<double> values = price.Values.Span;
        for (int row = values.IndexOf(0.0); row >= 0 && row < values.Length; row++)
        {
            if (values[row] == 0 && frame.Columns.All(column => column.IsNull(row) || IsZeroOrNoNumber(column, row)) && !price.IsNull(row))
            {
                first = count++ == 0 ? frame.Timestamps[row] : first;
            }
        }

        return (count, first);
    }

    private static bool IsZeroOrNoNumber(BarColumn column, int row) => column switch
    {
        BarColumn<double> numbers => numbers.Values.Span[row] == 0,
        BarColumn<long> numbers => numbers.Values.Span[row] == 0,
        _ => true,
    };
}
