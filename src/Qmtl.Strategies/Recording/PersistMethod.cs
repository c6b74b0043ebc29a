using System.Globalization;
using System.Reflection;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Payloads;
using Qmtl.Time;

namespace Qmtl.Recording;

/// <summary>A method <c>Persist(nodeId, interval, timestamp, payload)</c> of any object, and how to give it what it wants.</summary>
internal sealed class PersistMethod
{
    private static readonly string[] Names = ["PersistAsync", "Persist"];

    private readonly MethodInfo _method;
    private readonly ParameterInfo[] _parameters;

    private PersistMethod(MethodInfo method)
    {
        _method = method;
        _parameters = method.GetParameters();
    }

    /// <summary>Finds the method.</summary>
    /// <exception cref="ArgumentException">There is none. The message says what was looked for and what was found.</exception>
    public static PersistMethod Of(Type type) => new(ObjectMethod.Find(
        type,
        Names,
        IsUsable,
        "cannot be a recorder: it has no public method Persist(nodeId, interval, timestamp, payload) or PersistAsync of the same, with an "
            + "optional CancellationToken",
        "NodeId is a string; interval is a number of seconds, TimeSpan, BarInterval or string; timestamp is long (Unix seconds, UTC), "
            + "DateTimeOffset or DateTime; payload is an object, a dictionary, a BarRow or a double."));

    /// <summary>Calls the method for one row. Its exceptions are thrown as they are.</summary>
    public object? Invoke(object target, StreamKey stream, BarRow row, CancellationToken cancellationToken)
    {
        object?[] arguments = new object?[_parameters.Length];
        arguments[0] = stream.NodeId;
        arguments[1] = CallArguments.Interval(_parameters[1].ParameterType, stream.Interval);
        arguments[2] = CallArguments.Time(_parameters[2].ParameterType, row.Timestamp);
        arguments[3] = PayloadOf(_parameters[3].ParameterType, row);
        if (arguments.Length == 5)
        {
            arguments[4] = cancellationToken;
        }

        return _method.Invoke(target, BindingFlags.DoNotWrapExceptions, binder: null, arguments, CultureInfo.InvariantCulture);
    }

    private static bool IsUsable(Type[] types) =>
        (types.Length == 4 || (types.Length == 5 && types[4] == typeof(CancellationToken)))
        && types[0].IsAssignableFrom(typeof(string))
        && CallArguments.Interval(types[1], BarInterval.FromSeconds(1)) is not null
        && CallArguments.Time(types[2], 0) is not null
        && (types[3].IsAssignableFrom(typeof(Dictionary<string, object?>))
                || types[3] == typeof(BarRow)
                || types[3] == typeof(Payload)
                || IsNumber(types[3]));

    private static bool IsNumber(Type type) => (Nullable.GetUnderlyingType(type) ?? type) == typeof(double);

    /// <summary>The row as the type wants it: one of nothing but a value is that value, any other its fields by name.</summary>
    internal static object? PayloadOf(Type type, BarRow row)
    {
        if (type == typeof(BarRow))
        {
            return row;
        }

        if (type == typeof(Payload))
        {
            return Payload.FromBar(row);
        }

        bool isValue = row.Columns is [{ Name: Payload.ValueColumn }];
        if (IsNumber(type))
        {
            return isValue && row[0] is double or null
                ? row[0] ?? (type == typeof(double) ? double.NaN : null)
                : throw new InvalidOperationException(
                    $"A payload with the fields {string.Join(", ", row.Columns.Select(column => column.Name))} was recorded into an object "
                        + $"that takes numbers only.");
        }

        return isValue && type == typeof(object) ? row[0] : Fields(row);
    }

    private static Dictionary<string, object?> Fields(BarRow row)
    {
        var fields = new Dictionary<string, object?>(row.Columns.Count, StringComparer.OrdinalIgnoreCase);
        for (int i = 0; i < row.Columns.Count; i++)
        {
            fields[row.Columns[i].Name] = row[i];
        }

        return fields;
    }
}
