using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using Qmtl.Time;

namespace Qmtl.PowerShell.Output;

/// <summary>
/// A time of an object that the module gives: to PowerShell a <see cref="DateTimeOffset"/> in all that one can do with it, which tables,
/// lists and files have as ISO 8601, in UTC and the Gregorian calendar, whatever the shell's culture.
/// </summary>
/// <remarks>
/// PowerShell asks <see cref="ToString()"/> and <see cref="IFormattable"/> where it writes the value of a property or formats it, but
/// makes a text of a bare one by itself. Only what bears <see cref="TypeName"/> it writes as ISO there, too, save in an expandable string.
/// </remarks>
public sealed class UtcTime : PSObject, IFormattable
{
    /// <summary>The type name of the times.</summary>
    internal const string TypeName = "Qmtl.Time";

    private UtcTime(DateTimeOffset time)
        : base(time)
    {
    }

    /// <summary>The time.</summary>
    internal static UtcTime Of(long seconds)
    {
        var time = new UtcTime(UnixTime.FromSeconds(seconds));
        time.TypeNames.Insert(0, TypeName);
        return time;
    }

    /// <summary>
    /// What a shell has to know of times, intervals and other types of which a text is all that travels (Update-TypeData).
    /// </summary>
    public static TypeData[] CreateTypeData(params Type[] others)
    {
        // As text they pass to other processes, which read them back; their properties do not.
        string[] names = [TypeName, .. others.Prepend(typeof(BarInterval)).Select(type => type.FullName!)];
        TypeData[] types = [.. names.Select(name => new TypeData(name) { SerializationMethod = nameof(String) })];
        types[0].Members.Add(nameof(ToString), new CodeMethodData(nameof(ToString), ((Delegate)Text).Method));
        return types;
    }

    /// <summary>The text of a time: ISO 8601 without a format; with one that of the invariant culture, unless another is given.</summary>
    /// <param name="time">The time.</param>
    /// <param name="format">A format, or the culture.</param>
    /// <param name="culture">The culture.</param>
    public static string Text(PSObject time, object? format = null, object? culture = null)
    {
        ArgumentNullException.ThrowIfNull(time);
        var instant = (DateTimeOffset)time.BaseObject;
        var provider = (culture ?? format) as IFormatProvider;
        return format is string { Length: > 0 } || provider is not null
            ? instant.ToString(format as string, provider ?? CultureInfo.InvariantCulture)
            : UnixTime.Format(instant.ToUnixTimeSeconds());
    }

    /// <inheritdoc/>
    public override string ToString() => Text(this);

    // With a format the invariant culture as well, whose calendar is the Gregorian one.
    string IFormattable.ToString(string? format, IFormatProvider? formatProvider) => Text(this, format);
}

/// <summary>A bar's open as a property, which makes a time of it only when it is read.</summary>
internal sealed class UtcTimeProperty(string name, long seconds) : PSNoteProperty(name, value: null)
{
    private object? _other;

    /// <inheritdoc/>
    public override object? Value
    {
        get => _other ?? UtcTime.Of(seconds);
        set => _other = value;
    }

    /// <inheritdoc/>
    public override string TypeNameOfValue => _other is null ? typeof(DateTimeOffset).FullName! : _other.GetType().FullName!;

    /// <inheritdoc/>
    public override PSMemberInfo Copy() => new UtcTimeProperty(Name, seconds) { _other = _other };

    /// <inheritdoc/>
    public override string ToString() => $"{TypeNameOfValue} {Name}={Value}";
}
