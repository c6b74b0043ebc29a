using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Text.Json;
using Qmtl.PowerShell.Pipeline;
using Qmtl.Sweeping;

namespace Qmtl.PowerShell.Output;

/// <summary>
/// What became of one run of a compiled strategy: texts and numbers to .NET, and to scripts what the Get methods give (see
/// <see cref="ShellProperties"/>).
/// </summary>
public sealed class SweepOutcome
{
    private static readonly JsonSerializerOptions AnyNumber =
        new() { NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals };

    private readonly SweepResult _result;

    internal SweepOutcome(SweepResult result)
    {
        _result = result;
        Failure = ErrorRecords.Of(result.Error, this, result.Order.ToString());
    }

    /// <summary>Which run it is, from 1, in the order of strategies and then of sets of parameters.</summary>
    public int Run => _result.Run;

    /// <summary>The strategy's class.</summary>
    public string Strategy => _result.Order.Strategy;

    /// <summary>The parameters, as JSON; to scripts an object with a property for each.</summary>
    public string Parameters => _result.Order.Parameters;

    /// <summary>Completed or Failed.</summary>
    public string Status => _result.Status.ToString();

    /// <summary>The newest result of each node, by the nodes' names, as JSON; to scripts an object with a property for each.</summary>
    public string Last => JsonSerializer.Serialize(LastByName(), AnyNumber);

    /// <summary>How many bars of all streams were replayed.</summary>
    public long Bars => _result.Bars;

    /// <summary>How many results the nodes gave.</summary>
    public long Results => _result.Results;

    /// <summary>How long it computed.</summary>
    public string Duration => _result.Duration.ToString("c", CultureInfo.InvariantCulture);

    /// <summary>The member of the cluster that ran it; null where this process did, or none.</summary>
    public string? Member => _result.Member;

    /// <summary>What tells the assembly that was run from its other builds; null where none was found.</summary>
    public string? Build => _result.Build;

    /// <summary>What went wrong, or null.</summary>
    public string? Error => Failure?.ToString();

    internal ErrorRecord? Failure { get; }

    /// <summary>All results that were kept (-ResultsPerNode), in the order in which they were computed.</summary>
    public IEnumerable<StrategyResult> GetResults() => _result.Values.Select(static value => new StrategyResult(value));

    /// <summary>The parameters, as an object.</summary>
    public static PSObject? GetParameters(PSObject outcome) => outcome?.BaseObject is SweepOutcome { _result.Order.Parameters: var text }
        ? ToObject(
            JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(text)!
                .Select(static pair => KeyValuePair.Create(pair.Key, ToValue(pair.Value))),
            text)
        : null;

    /// <summary>The newest results, as an object.</summary>
    public static PSObject? GetLast(PSObject outcome) =>
        outcome?.BaseObject is SweepOutcome own ? ToObject(own.LastByName(), own.Last) : null;

    /// <summary>How long it computed, as a duration.</summary>
    public static TimeSpan? GetDuration(PSObject outcome) => (outcome?.BaseObject as SweepOutcome)?._result.Duration;

    /// <summary>What went wrong, as it is written to the error stream, or null.</summary>
    public static ErrorRecord? GetError(PSObject outcome) => (outcome?.BaseObject as SweepOutcome)?.Failure;

    /// <summary>Strategy, parameters and how it ended.</summary>
    public override string ToString() => $"{_result.Order}: {Status}";

    // Nodes of one name are told apart by nobody who reads them by it; the newest of them stands for all.
    private Dictionary<string, object?> LastByName()
    {
        var last = new Dictionary<string, object?>(StringComparer.OrdinalIgnoreCase);
        foreach (SweepValue value in _result.Last)
        {
            last[value.Node.Name] = value.Value;
        }

        return last;
    }

    // Where PowerShell writes it, it is the text.
    private static PSObject ToObject(IEnumerable<KeyValuePair<string, object?>> properties, string text)
    {
        var made = new PSObject();
        foreach ((string name, object? value) in properties)
        {
            made.Properties.Add(new PSNoteProperty(name, value));
        }

        made.Methods.Add(new PSScriptMethod("ToString", ScriptBlock.Create($"'{CodeGeneration.EscapeSingleQuotedStringContent(text)}'")));
        return made;
    }

    private static object? ToValue(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.String => value.GetString(),
        JsonValueKind.True or JsonValueKind.False => value.GetBoolean(),
        JsonValueKind.Number => value.TryGetInt32(out int whole) ? whole : value.TryGetInt64(out long large) ? large : value.GetDouble(),
        _ => value.GetRawText(),
    };
}
