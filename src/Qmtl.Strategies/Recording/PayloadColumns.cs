using System.Collections;
using System.Text.Json;
using Qmtl.Data;
using Qmtl.Payloads;
using Qmtl.Time;

namespace Qmtl.Recording;

/// <summary>Makes columns of one row of a payload that is neither a number nor a bar.</summary>
internal static class PayloadColumns
{
    /// <summary>
    /// The fields of a dictionary or of an object with public properties, a column each; a text, a date, an enum and whatever else has
    /// a text form of its own in the one column <see cref="Payload.ValueColumn"/>.
    /// </summary>
    /// <exception cref="ArgumentException">It, or a field of it, is a list or an object without a text form, which one bar cannot hold, or
    /// a field's name cannot be a column's.</exception>
    public static IReadOnlyList<BarColumn> Of(object payload)
    {
        if (payload is BarFrame)
        {
            throw new ArgumentException(
                "A frame cannot be recorded as one bar. Record its rows, or record the frame itself without a timestamp.", nameof(payload));
        }

        List<KeyValuePair<string, object?>>? fields = payload is IFormattable
            ? null
            : RowFields.Of(payload)?.Select(field => KeyValuePair.Create(field.Key, Plain(field.Key, field.Value))).ToList();
        if (fields is { Count: > 0 } || RowFields.IsDictionary(payload))
        {
            return Row(fields!);
        }

        return payload is IEnumerable and not string
            ? throw new ArgumentException(
                $"A {payload.GetType()} cannot be recorded as one bar: it is a list. Record a number, a text, or an object or dictionary "
                    + $"with named fields.",
                nameof(payload))
            : Row([KeyValuePair.Create(Payload.ValueColumn, Plain(Payload.ValueColumn, payload))]);
    }

    /// <summary>Whether <see cref="Of"/> makes a column of each field, and not one column of the whole.</summary>
    public static bool HasFields(object payload) =>
        payload is not (BarFrame or IFormattable) && (RowFields.IsDictionary(payload) || RowFields.Of(payload)?.Any() == true);

    /// <summary>
    /// A dictionary, or an object with named values, as a bar of columns, so that cache, nodes and recorder have the same of it; any other
    /// payload as it is.
    /// </summary>
    /// <exception cref="ArgumentException">A field is what no column holds.</exception>
    public static Payload AsBar(BarInterval interval, long timestamp, Payload payload) =>
        payload.Kind == PayloadKind.Object && HasFields(payload.ToObject()!)
            ? Payload.FromBar(new BarFrame(interval, new[] { timestamp }, Of(payload.ToObject()!)).GetRow(0))
            : payload;

    private static IReadOnlyList<BarColumn> Row(List<KeyValuePair<string, object?>> fields)
    {
        var builder = new RawBarsBuilder();

        // The bar is the one that the row is recorded for, whatever the payload says of time.
        builder.AddRow(
        [
            KeyValuePair.Create<string, object?>(ColumnNames.Timestamp, 0L),
            .. fields.Where(field => !ColumnNames.IsTimestamp(field.Key)),
        ]);
        return builder.Build().Columns;
    }

    private static object? Plain(string name, object? value) => WholeNumber.Unwrap(value) switch
    {
        null or string or IFormattable or JsonElement => value,
        IEnumerable => throw NoColumn(name, value!),
        { } other => other.ToString() == other.GetType().ToString() ? throw NoColumn(name, other) : value,
    };

    // The text of such a value is the name of its type, which says nothing of what it held.
    private static ArgumentException NoColumn(string name, object value) => new(
        $"The field '{name}' is a {value.GetType()}, which no column holds: a column holds a number, a text, a boolean or a time. Give "
            + $"each part a field of its own, or make one text of it.",
        nameof(value));
}
