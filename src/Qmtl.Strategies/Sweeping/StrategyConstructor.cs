using System.Globalization;
using System.Reflection;
using System.Text.Json;
using Qmtl.Backfill;
using Qmtl.Messages;
using Qmtl.Time;

namespace Qmtl.Sweeping;

/// <summary>Finds the constructor of a strategy's class that a set of parameters is for, and calls it.</summary>
/// <param name="type">The class.</param>
/// <param name="json">How values that are no text are read.</param>
internal sealed class StrategyConstructor(Type type, JsonSerializerOptions json)
{
    private static readonly MethodInfo ParseText =
        typeof(StrategyConstructor).GetMethod(nameof(Parse), BindingFlags.NonPublic | BindingFlags.Static)!;

    /// <summary>Makes an object of the class.</summary>
    /// <param name="parameters">The values, by the parameters' names: a JSON object.</param>
    /// <param name="provider">What parameters of the type <see cref="IHistoryProvider"/> get.</param>
    /// <exception cref="SweepException">No constructor takes these, or a value is not what its parameter takes.</exception>
    public object Invoke(string parameters, IHistoryProvider provider)
    {
        Dictionary<string, JsonElement> given = Read(parameters);
        ConstructorInfo constructor = type.GetConstructors()
            .Where(candidate => WhatIsWrong(candidate, given) is null)
            .MinBy(static candidate => candidate.GetParameters().Length) ?? throw Refuse(given);
        return constructor.Invoke(
        [
            .. constructor.GetParameters().Select(parameter =>
                IsProvider(parameter) ? provider
                : given.TryGetValue(parameter.Name!, out JsonElement value) ? Convert(parameter, value)
                : parameter.DefaultValue),
        ]);
    }

    private static bool IsProvider(ParameterInfo parameter) => parameter.ParameterType == typeof(IHistoryProvider);

    private static Dictionary<string, JsonElement> Read(string parameters)
    {
        try
        {
            return new(
                JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(parameters) ?? [], StringComparer.OrdinalIgnoreCase);
        }
        catch (Exception error) when (error is JsonException or ArgumentException)
        {
            throw new SweepException(
                SweepFailure.Strategy,
                $"'{PlainText.OneLine(parameters, 60)}' is no set of parameters. Write a JSON object with each name once: "
                    + "{ \"fast\": 5, \"slow\": 20 }.",
                error);
        }
    }

    private static string? WhatIsWrong(ConstructorInfo constructor, Dictionary<string, JsonElement> given)
    {
        ParameterInfo[] own = [.. constructor.GetParameters().Where(static parameter => !IsProvider(parameter))];
        IEnumerable<string> names = own.Select(static parameter => parameter.Name!);
        if (given.Keys.Except(names, StringComparer.OrdinalIgnoreCase).FirstOrDefault() is { } unknown)
        {
            return $"has no parameter '{PlainText.OneLine(unknown)}'";
        }

        return Array.Find(own, parameter => !parameter.HasDefaultValue && !given.ContainsKey(parameter.Name!)) is { } missing
            ? $"needs the parameter '{missing.Name}'"
            : null;
    }

    private SweepException Refuse(Dictionary<string, JsonElement> given)
    {
        ConstructorInfo[] constructors = type.GetConstructors();
        string wrong = constructors.Length == 1 ? WhatIsWrong(constructors[0], given)! : "has no public constructor for these parameters";
        string ways = string.Join("; or ", constructors.Select(DescribeParameters));
        return new SweepException(
            SweepFailure.Strategy, $"{type.FullName} {wrong}. It takes: {(ways.Length > 0 ? ways : "nothing, since it has none")}.");
    }

    private static string DescribeParameters(ConstructorInfo constructor) => string.Join(
        ", ",
        constructor.GetParameters().Where(static parameter => !IsProvider(parameter)).Select(static parameter =>
            $"{parameter.Name} ({NameOf(parameter)}{(parameter.HasDefaultValue ? ", may be left out" : string.Empty)})"))
        is { Length: > 0 } list ? list : "nothing";

    private static string NameOf(ParameterInfo parameter) =>
        Nullable.GetUnderlyingType(parameter.ParameterType) is { } value ? $"{value.Name} or nothing" : parameter.ParameterType.Name;

    private object? Convert(ParameterInfo parameter, JsonElement value)
    {
        Type target = Nullable.GetUnderlyingType(parameter.ParameterType) ?? parameter.ParameterType;
        try
        {
            if (value.ValueKind != JsonValueKind.String || target == typeof(string))
            {
                return value.Deserialize(parameter.ParameterType, json);
            }

            // Tables of parameters, such as CSV, have text in all their cells.
            string text = value.GetString()!;
            return target switch
            {
                // In UTC where the text does not say, on whichever machine.
                _ when target == typeof(DateTimeOffset) => UnixTime.Parse(text),
                { IsEnum: true } => Enum.Parse(target, text, ignoreCase: true),
                _ when Array.Exists(
                    target.GetInterfaces(), static type => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IParsable<>)) =>
                    ParseText.MakeGenericMethod(target).Invoke(null, [text]),
                _ => value.Deserialize(parameter.ParameterType, json),
            };
        }
        catch (Exception error) when (error is JsonException or FormatException or OverflowException or ArgumentException
            or InvalidOperationException or NotSupportedException or TargetInvocationException)
        {
            throw new SweepException(
                SweepFailure.Strategy,
                $"The parameter '{parameter.Name}' of {type.FullName} is of the type {NameOf(parameter)}, and "
                    + $"{PlainText.OneLine(value.GetRawText(), 60)} is none.",
                error);
        }
    }

    private static T Parse<T>(string text)
        where T : IParsable<T> => T.Parse(text, CultureInfo.InvariantCulture);
}
