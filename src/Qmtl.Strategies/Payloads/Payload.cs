using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;
using Qmtl.Data;

namespace Qmtl.Payloads;

/// <summary>
/// What a node gives for one bar: nothing, a number, a whole bar, or any object. Numbers and bars travel without being boxed
/// or copied.
/// </summary>
[SuppressMessage(
    "Performance", "CA1815:Override equals and operator equals on value types", Justification = "Carried along, never compared.")]
public readonly struct Payload
{
    /// <summary>The column that holds a payload which has no columns of its own: a number, a text, an object.</summary>
    public const string ValueColumn = "value";

    private readonly object? _reference;
    private readonly long _bits;

    private Payload(PayloadKind kind, object? reference, long bits)
    {
        Kind = kind;
        _reference = reference;
        _bits = bits;
    }

    /// <summary>No result.</summary>
    public static Payload None => default;

    /// <summary>What this is.</summary>
    public PayloadKind Kind { get; }

    /// <summary>Whether there is no result.</summary>
    public bool IsNone => Kind == PayloadKind.None;

    /// <summary>The number.</summary>
    /// <exception cref="InvalidOperationException">It is something else.</exception>
    public double Number => Kind == PayloadKind.Number ? BitConverter.Int64BitsToDouble(_bits) : throw Not(PayloadKind.Number);

    /// <summary>The bar.</summary>
    /// <exception cref="InvalidOperationException">It is something else.</exception>
    public BarRow Bar => Kind == PayloadKind.Bar ? Unsafe.As<BarFrame>(_reference!).GetRow((int)_bits) : throw Not(PayloadKind.Bar);

    /// <summary>A number. NaN is a number: a node that has no result gives <see cref="None"/>.</summary>
    public static Payload FromNumber(double number) => new(PayloadKind.Number, null, BitConverter.DoubleToInt64Bits(number));

    /// <summary>A bar of a frame, which it points into and does not copy.</summary>
    public static Payload FromBar(BarRow bar) => new(PayloadKind.Bar, bar.Frame, bar.Index);

    /// <summary>
    /// Whatever a function returned: null is no result; an <see cref="int"/>, <see cref="float"/> or <see cref="double"/> is a number;
    /// a <see cref="BarRow"/> is a bar. A <see cref="long"/> or <see cref="decimal"/> stays an object, since a double could not hold all of
    /// it.
    /// </summary>
    public static Payload From(object? value) => value switch
    {
        null => None,
        double number => FromNumber(number),
        int number => FromNumber(number),
        float number => FromNumber(number),
        BarRow bar => FromBar(bar),
        Payload payload => payload,
        _ => new(PayloadKind.Object, value, 0),
    };

    /// <summary>A number is a payload.</summary>
    public static implicit operator Payload(double number) => FromNumber(number);

    /// <summary>The payload as an object, boxed where it is a number or a bar; null where there is none.</summary>
    public object? ToObject() => Kind switch
    {
        PayloadKind.Number => Number,
        PayloadKind.Bar => Bar,
        _ => _reference,
    };

    /// <inheritdoc/>
    public override string ToString() => Kind switch
    {
        PayloadKind.None => "(none)",
        PayloadKind.Bar => $"bar of {Data.ColumnNames.Timestamp} {Bar.Timestamp}",
        _ => Convert.ToString(ToObject(), CultureInfo.InvariantCulture) ?? string.Empty,
    };

    private InvalidOperationException Not(PayloadKind wanted) => new($"The payload is a {Kind}, not a {wanted}.");
}
