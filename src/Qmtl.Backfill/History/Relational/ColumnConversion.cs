using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Qmtl.Data;

namespace Qmtl.History.Relational;

/// <summary>
/// Turns a payload column into the type that the table keeps, where nothing is lost by it. A NaN is no value in any of them.
/// </summary>
internal static class ColumnConversion
{
    /// <summary>Converts where every value survives; otherwise gives the first that does not.</summary>
    public static bool TryConvert(
        BarColumn column, StoredColumn stored, [NotNullWhen(true)] out BarColumn? fitting, [NotNullWhen(false)] out string? example)
    {
        StoredType type = stored.Type;
        (fitting, int misfit) = (column.Type, type) switch
        {
            (_, StoredType.Any) => (column, -1),
            _ when column.Type.StoredAs() == type => (column, -1),
            (BarColumnType.Double, StoredType.Numeric) when stored.FractionDigits is { } digits =>
                (column, FirstMisfit((BarColumn<double>)column, value => FractionDigitsOf(value) <= digits)),
            (BarColumnType.Double or BarColumnType.Long, StoredType.Numeric) => (column, -1),
            (BarColumnType.Double, StoredType.Single) =>
                (column, FirstMisfit((BarColumn<double>)column, static value => (float)value == value)),
            (BarColumnType.Long, StoredType.Double) => Convert((BarColumn<long>)column, IsExact, static value => (double)value),
            (BarColumnType.Long, StoredType.Single) =>
                Convert((BarColumn<long>)column, static value => value == (long)(float)value, static value => (double)value),
            (BarColumnType.Long, StoredType.Int32) => (column, FirstMisfit((BarColumn<long>)column, static value => value == (int)value)),
            (BarColumnType.Long, StoredType.Int16) => (column, FirstMisfit((BarColumn<long>)column, static value => value == (short)value)),
            (BarColumnType.Double, StoredType.Int64) =>
                Convert((BarColumn<double>)column, static value => IsWhole(value, long.MinValue, 9.2e18), static value => (long)value),
            (BarColumnType.Double, StoredType.Int32) =>
                Convert((BarColumn<double>)column, static value => IsWhole(value, int.MinValue, int.MaxValue), static value => (long)value),
            (BarColumnType.Double, StoredType.Int16) =>
                Convert(
                    (BarColumn<double>)column, static value => IsWhole(value, short.MinValue, short.MaxValue), static value => (long)value),
            _ => (column, column.FirstValue()),
        };

        // No value at all fits any column, whatever type the source gave it.
        if (misfit < 0 && !Keeps(type, fitting.Type))
        {
            fitting = BarColumn.OfNulls(column.Name, type.ReadAs(), column.Length);
        }

        example = misfit < 0 ? null : column.GetText(misfit);
        if (misfit >= 0)
        {
            fitting = null;
        }

        return misfit < 0;
    }

    // A type that the database has no word for is kept as text, though it is read as that.
    private static bool Keeps(StoredType type, BarColumnType values) =>
        type == StoredType.Any || values.StoredAs() == type || type.ReadAs() == values
        || (type == StoredType.Numeric && values == BarColumnType.Long);

    private static bool IsExact(long value) => value is >= -ColumnType.LargestExactInDouble and <= ColumnType.LargestExactInDouble;

    private static bool IsWhole(double value, double smallest, double largest) =>
        value >= smallest && value <= largest && Math.Floor(value) == value;

    // Of the shortest text that reads back, which is what is written into a decimal number; less than none where it ends in zeros.
    private static int FractionDigitsOf(double value)
    {
        if (value == 0)
        {
            return int.MinValue;
        }

        string shortest = value.ToString("R", CultureInfo.InvariantCulture);
        int exponent = shortest.IndexOf('E', StringComparison.Ordinal);
        string mantissa = exponent < 0 ? shortest : shortest[..exponent];
        int point = mantissa.IndexOf('.', StringComparison.Ordinal);
        int digits = point < 0 ? mantissa.AsSpan().TrimEnd('0').Length - mantissa.Length : mantissa.Length - point - 1;
        return digits - (exponent < 0 ? 0 : int.Parse(shortest.AsSpan(exponent + 1), CultureInfo.InvariantCulture));
    }

    private static int FirstMisfit<T>(BarColumn<T> column, Func<T, bool> fits)
    {
        ReadOnlySpan<T> values = column.Values.Span;
        for (int row = 0; row < values.Length; row++)
        {
            if (!IsNothing(column, row) && !fits(values[row]))
            {
                return row;
            }
        }

        return -1;
    }

    private static (BarColumn Column, int Misfit) Convert<TFrom, TTo>(
        BarColumn<TFrom> column, Func<TFrom, bool> fits, Func<TFrom, TTo> convert)
        where TTo : struct
    {
        int misfit = FirstMisfit(column, fits);
        if (misfit >= 0)
        {
            return (column, misfit);
        }

        ReadOnlySpan<TFrom> values = column.Values.Span;
        var converted = new TTo[values.Length];
        bool[]? nulls = null;
        for (int row = 0; row < values.Length; row++)
        {
            if (IsNothing(column, row))
            {
                (nulls ??= new bool[values.Length])[row] = true;
            }
            else
            {
                converted[row] = convert(values[row]);
            }
        }

        return (new BarColumn<TTo>(column.Name, converted, nulls), -1);
    }

    private static bool IsNothing<T>(BarColumn<T> column, int row) =>
        column.IsNull(row) || (typeof(T) == typeof(double) && double.IsNaN((double)(object)column.Values.Span[row]!));
}
