using System.Globalization;
using System.Reflection;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Fetching;

/// <summary>A method <c>Fetch(start, end, nodeId, interval)</c> of any object, and how to give it what it wants.</summary>
internal sealed class FetchMethod
{
    private static readonly string[] Names = ["FetchAsync", "Fetch"];

    private readonly MethodInfo _method;

    private FetchMethod(MethodInfo method) => _method = method;

    /// <summary>Finds the method.</summary>
    /// <exception cref="ArgumentException">There is none. The message says what was looked for and what was found.</exception>
    public static FetchMethod Of(Type type) => new(ObjectMethod.Find(
        type,
        Names,
        IsUsable,
        "cannot be a source: it has no public method Fetch(start, end, nodeId, interval) or FetchAsync of the same, with an optional "
            + "CancellationToken",
        "Start and end are long (Unix seconds, UTC, both inside), DateTimeOffset or DateTime; nodeId is a string; interval is a number of "
            + "seconds, TimeSpan, BarInterval or string."));

    /// <summary>Calls the method. Its exceptions are thrown as they are.</summary>
    public object? Invoke(object target, StreamKey stream, TimeRange range, CancellationToken cancellationToken)
    {
        ParameterInfo[] parameters = _method.GetParameters();
        object?[] arguments = new object?[parameters.Length];
        arguments[0] = CallArguments.Time(parameters[0].ParameterType, range.Start);
        arguments[1] = CallArguments.Time(parameters[1].ParameterType, range.End);
        arguments[2] = stream.NodeId;
        arguments[3] = CallArguments.Interval(parameters[3].ParameterType, stream.Interval);
        if (arguments.Length == 5)
        {
            arguments[4] = cancellationToken;
        }

        return _method.Invoke(target, BindingFlags.DoNotWrapExceptions, binder: null, arguments, CultureInfo.InvariantCulture);
    }

    private static bool IsUsable(Type[] types) =>
        (types.Length == 4 || (types.Length == 5 && types[4] == typeof(CancellationToken)))
        && CallArguments.Time(types[0], 0) is not null
        && CallArguments.Time(types[1], 0) is not null
        && types[2].IsAssignableFrom(typeof(string))
        && CallArguments.Interval(types[3], BarInterval.FromSeconds(1)) is not null;
}
