using System.Collections;
using System.Globalization;
using System.Management.Automation;
using Qmtl.Time;

namespace Qmtl.PowerShell.Arguments;

/// <summary>
/// Makes a <see cref="BarInterval"/> of what an operator writes: <c>1m</c>, <c>60</c>, <c>60s</c>, <c>1M</c>, a whole number of seconds
/// or a <see cref="TimeSpan"/>. Of several it makes an array.
/// </summary>
public sealed class BarIntervalArgumentAttribute : OperatorArgumentAttribute
{
    /// <inheritdoc/>
    protected override object? Make(object given)
    {
        object value = given is PSObject wrapped ? wrapped.BaseObject : given;
        return value switch
        {
            IList several => several.Cast<object>().Select(one => (BarInterval)Make(one)!).ToArray(),
            BarInterval => value,
            TimeSpan duration => BarInterval.FromTimeSpan(duration),
            string text => BarInterval.Parse(text),
            // On a command line PowerShell reads 1d as the decimal 1 and 60s as a short, but remembers what was typed.
            ValueType when given is PSObject && IsNumber(value) => BarInterval.Parse(given.ToString()!),
            decimal number => throw new FormatException(
                $"The decimal number {number.ToString(CultureInfo.InvariantCulture)} is not taken as a bar interval, because "
                    + $"PowerShell reads an unquoted 1d as one. Quote it: '{number.ToString(CultureInfo.InvariantCulture)}d'."),
            ValueType when IsNumber(value) => BarInterval.Parse(Convert.ToString(value, CultureInfo.InvariantCulture)!),
            _ => throw new FormatException($"'{value}' is not a bar interval. Write 1m, 1h or 1d, whole seconds, or a TimeSpan."),
        };
    }

    private static bool IsNumber(object value) =>
        value is sbyte or byte or short or ushort or int or uint or long or ulong or float or double or decimal;
}
