using System.Text.Json;
using System.Text.Json.Serialization;
using Qmtl.Strategies;
using Qmtl.Time;

namespace Qmtl.Sweeping;

/// <summary>One run of a compiled strategy with one set of parameters over a range of what is stored. Nothing is filled.</summary>
public sealed record SweepOrder
{
    private static readonly JsonSerializerOptions AnyNumber = new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    /// <summary>The strategy's class: its full name, or its name alone where that is clear.</summary>
    public required string Strategy { get; init; }

    /// <summary>The bars by their opens, Unix seconds, UTC, inclusive at both ends. Bars that have not closed are left out.</summary>
    public required TimeRange Range { get; init; }

    /// <summary>What the class's constructor is given, by its parameters' names: a JSON object (<see cref="ParametersOf"/>).</summary>
    /// <value>None by default: <c>{}</c>.</value>
    public string Parameters { get; init; } = "{}";

    /// <inheritdoc cref="PipelineOptions.Order"/>
    public BarOrder Order { get; init; }

    /// <inheritdoc cref="PipelineOptions.OnMissing"/>
    public OnMissing OnMissing { get; init; }

    /// <summary>How many results of each node are kept, the newest; at least 1.</summary>
    /// <value>Null, the default: all.</value>
    public int? ResultsPerNode { get; init; }

    /// <summary>A set of parameters as <see cref="Parameters"/> has it. Doubles keep every bit.</summary>
    public static string ParametersOf(IReadOnlyDictionary<string, object?> parameters) => JsonSerializer.Serialize(parameters, AnyNumber);

    /// <summary>The strategy and its parameters, for people.</summary>
    public override string ToString() => Parameters == "{}" ? Strategy : $"{Strategy} {Parameters}";
}
