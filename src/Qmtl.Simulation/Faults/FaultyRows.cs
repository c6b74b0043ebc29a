using Qmtl.Simulation.Markets;
using Qmtl.Time;

namespace Qmtl.Simulation.Faults;

/// <summary>What is wrong with the text of one row.</summary>
internal enum RowDamage
{
    None,
    NotANumber,
    NullFields,
    WithoutOpenTime,
    Truncated,
}

/// <summary>Spoils the rows of an answer.</summary>
internal static class FaultyRows
{
    /// <summary>The rows in the order and number in which a faulty exchange gives them.</summary>
    public static SimulatedCandle[] Rearrange(
        SimulatedFault fault, ReadOnlySpan<SimulatedCandle> rows, SimulatedRequest request, BarInterval interval) => fault.Kind switch
        {
            SimulatedFaultKind.FewerRows => [.. rows[..Math.Min(rows.Length, fault.RowsLeft)]],
            SimulatedFaultKind.RowsOutsideRange => Surround(rows, request, interval),
            SimulatedFaultKind.RowsOffGrid =>
                Spoil(rows, (row, index) => index % fault.Every == 0 ? [row with { Timestamp = row.Timestamp + 1 }] : [row]),
            SimulatedFaultKind.RepeatedRows => Spoil(rows, (row, index) => index % fault.Every == 0 ? [row, row] : [row]),
            SimulatedFaultKind.RowsOutOfOrder => Reverse(rows),
            _ => rows.ToArray(),
        };

    /// <summary>What is wrong with the row at <paramref name="index"/>.</summary>
    public static RowDamage DamageAt(SimulatedFault? fault, int index) => fault is null || index % fault.Every != 0
        ? RowDamage.None
        : fault.Kind switch
        {
            SimulatedFaultKind.NotANumber => RowDamage.NotANumber,
            SimulatedFaultKind.NullFields => RowDamage.NullFields,
            SimulatedFaultKind.RowsWithoutOpenTime => RowDamage.WithoutOpenTime,
            SimulatedFaultKind.TruncatedRows => RowDamage.Truncated,
            _ => RowDamage.None,
        };

    private static SimulatedCandle[] Spoil(ReadOnlySpan<SimulatedCandle> rows, Func<SimulatedCandle, int, SimulatedCandle[]> spoil)
    {
        var spoilt = new List<SimulatedCandle>();
        for (int i = 0; i < rows.Length; i++)
        {
            spoilt.AddRange(spoil(rows[i], i));
        }

        return [.. spoilt];
    }

    private static SimulatedCandle[] Reverse(ReadOnlySpan<SimulatedCandle> rows)
    {
        SimulatedCandle[] reversed = rows.ToArray();
        Array.Reverse(reversed);
        return reversed;
    }

    private static SimulatedCandle[] Surround(ReadOnlySpan<SimulatedCandle> rows, SimulatedRequest request, BarInterval interval)
    {
        SimulatedCandle model = rows.IsEmpty ? default : rows[0];
        long before = interval.Previous(request.Start ?? model.Timestamp);
        long after = interval.Next(request.End ?? (rows.IsEmpty ? 0 : rows[^1].Timestamp));
        return [model with { Timestamp = before }, .. rows, model with { Timestamp = after }];
    }
}
