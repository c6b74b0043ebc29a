using System.Collections;
using System.Management.Automation;
using Qmtl.Strategies;

namespace Qmtl.PowerShell.Scripting;

/// <summary>Names of compiled strategies that were given where a strategy is expected: the assembly that has them is named
/// beside.</summary>
internal sealed class StrategyNames : Strategy
{
    private StrategyNames(string[] names) => Names = names;

    /// <summary>The names.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <inheritdoc/>
    public override string Name => string.Join(", ", Names);

    /// <summary>What a text or a list of texts names; null of anything else.</summary>
    public static StrategyNames? TryCreate(object value)
    {
        object?[] items = value is IList list ? [.. list.Cast<object?>()] : [value];
        string?[] names = [.. items.Select(static item => (item is PSObject wrapped ? wrapped.BaseObject : item) as string)];
        return names.Length > 0 && Array.TrueForAll(names, static name => !string.IsNullOrWhiteSpace(name))
            ? new StrategyNames(names!)
            : null;
    }

    /// <inheritdoc/>
    protected override void Setup() => throw new InvalidOperationException(
        $"'{Name}' is the name of a strategy, and nothing says where its class is. Give -AssemblyPath, or the strategy itself "
            + "(New-QmtlStrategy makes one).");
}
