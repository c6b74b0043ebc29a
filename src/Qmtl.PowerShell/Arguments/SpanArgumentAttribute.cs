using System.Management.Automation;
using Qmtl.Time;

namespace Qmtl.PowerShell.Arguments;

/// <summary>Checks a number of bars or a length of time: <c>100</c>, <c>30d</c>, <c>3M</c>, a <see cref="TimeSpan"/>.</summary>
public sealed class SpanArgumentAttribute : OperatorArgumentAttribute
{
    /// <inheritdoc/>
    // On a command line PowerShell reads 30d as the decimal 30, but remembers what was typed.
    protected override object? Make(object given) => (given is PSObject wrapped ? wrapped.BaseObject : given) is TimeSpan duration
        ? BarInterval.FromTimeSpan(duration).ToString()
        : AskedSpan.Parse(given.ToString() ?? string.Empty).ToString();
}
