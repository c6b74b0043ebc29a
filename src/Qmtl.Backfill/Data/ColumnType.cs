using System.Diagnostics.CodeAnalysis;

namespace Qmtl.Data;

/// <summary>The types that a payload column can have; each may hold nulls.</summary>
public enum BarColumnType
{
    /// <summary>A 64-bit floating-point number (<see cref="double"/>).</summary>
    Double,

    /// <summary>A 64-bit whole number (<see cref="long"/>).</summary>
    Long,

    /// <summary>True or false (<see cref="bool"/>).</summary>
    Boolean,

    /// <summary>Text (<see cref="string"/>).</summary>
    String,
}

/// <summary>Work that is written once for every column type.</summary>
/// <typeparam name="TResult">What comes of it.</typeparam>
internal interface IColumnTypeVisitor<out TResult>
{
    /// <summary>The work for values of <typeparamref name="T"/>.</summary>
    TResult Visit<T>(ColumnType<T> type);
}

/// <summary>
/// What there is to know of a column type. A new one is added here and in <see cref="ColumnEvidence"/>; whatever only moves values from
/// one place to another is generic, and asks this for the type.
/// </summary>
internal abstract class ColumnType
{
    /// <summary>Every whole number up to here is exactly one double; beyond, neighbours fall together.</summary>
    public const long LargestExactInDouble = 1L << 53;

    /// <summary>What a column is taken for that has no value, which says nothing of its type.</summary>
    public const BarColumnType OfNothing = BarColumnType.Double;

    private static readonly ColumnType[] All =
    [
        new ColumnType<double>(BarColumnType.Double, "double", ("a number", "numbers"), ValueText.TryReadNumber, TryConvert),
        new ColumnType<long>(BarColumnType.Long, "long", ("a whole number", "whole numbers"), ValueText.TryReadWhole, TryConvert),
        new ColumnType<bool>(BarColumnType.Boolean, "bool", ("a truth value", "flags"), bool.TryParse, TryConvert),
        new ColumnType<string?>(BarColumnType.String, "string", ("text", "text"), TryReadText, TryConvert),
    ];

    private protected ColumnType(BarColumnType type, Type elementType, string keyword, (string One, string Many) words) =>
        (Type, ElementType, Keyword, Words) = (type, elementType, keyword, words);

    /// <summary>The type's name.</summary>
    public BarColumnType Type { get; }

    /// <summary>The type of the values.</summary>
    public Type ElementType { get; }

    /// <summary>The type of the values as C# writes it: <c>double</c>.</summary>
    public string Keyword { get; }

    /// <summary>One value and many, for messages: <c>a number</c>, <c>numbers</c>.</summary>
    public (string One, string Many) Words { get; }

    /// <summary>Whether the values are numbers.</summary>
    public bool IsNumber => Type is BarColumnType.Double or BarColumnType.Long;

    /// <summary>The type that has room for the values of all of these.</summary>
    public static BarColumnType Common(IReadOnlyCollection<BarColumnType> types) => types.Distinct().ToArray() switch
    {
        [] => OfNothing,
        [var one] => one,
        var several => several.All(static type => Of(type).IsNumber) ? BarColumnType.Double : BarColumnType.String,
    };

    /// <summary>The type of that name.</summary>
    public static ColumnType Of(BarColumnType type)
    {
        foreach (ColumnType known in All)
        {
            if (known.Type == type)
            {
                return known;
            }
        }

        throw new ArgumentOutOfRangeException(nameof(type), type, "Not a column type.");
    }

    /// <summary>The type whose values are of that type; null where there is none.</summary>
    public static ColumnType? Of(Type elementType) => Array.Find(All, known => known.ElementType == elementType);

    /// <summary>Does the work for this type.</summary>
    public abstract TResult Accept<TResult>(IColumnTypeVisitor<TResult> visitor);

    /// <summary>A column of this type that is null in each of <paramref name="length"/> rows.</summary>
    public abstract BarColumn OfNulls(string name, int length);

    /// <summary>A builder of a column of this type.</summary>
    public abstract ColumnBuilder NewBuilder(string name, int capacity = 0);

    // An object is a double, a long, a bool or a text: what PendingColumn makes of all others.
    private static bool TryConvert(object value, out double number)
    {
        number = value is long whole ? whole : value as double? ?? 0;
        return value is long or double || (value is string text && ValueText.TryReadNumber(text, out number));
    }

    private static bool TryConvert(object value, out long whole)
    {
        whole = value as long? ?? 0;
        if (value is long || (value is string text && ValueText.TryReadWhole(text, out whole)))
        {
            return true;
        }

        bool isNumber = TryConvert(value, out double number);
        whole = (long)number;
        return isNumber;
    }

    private static bool TryConvert(object value, out bool flag)
    {
        flag = value is true;
        return value is bool;
    }

    private static bool TryConvert(object value, out string? text)
    {
        text = ValueText.Of(value);
        return true;
    }

    private static bool TryReadText(string field, out string? text)
    {
        text = field;
        return !string.IsNullOrWhiteSpace(field);
    }
}

/// <summary>Makes a value of something else; false where it is no value of the type.</summary>
internal delegate bool ValueReader<in TFrom, T>(TFrom from, [MaybeNull] out T value);

/// <inheritdoc/>
/// <typeparam name="T">The type of the values.</typeparam>
/// <param name="type">The type's name.</param>
/// <param name="keyword">The type of the values as C# writes it.</param>
/// <param name="words">One value and many, for messages.</param>
/// <param name="readText">Reads a field of a text file.</param>
/// <param name="convert">Takes a double, a long, a bool or a text for a value of this type.</param>
internal sealed class ColumnType<T>(
    BarColumnType type, string keyword, (string One, string Many) words, ValueReader<string, T> readText, ValueReader<object, T> convert)
    : ColumnType(type, typeof(T), keyword, words)
{
    /// <summary>The column type whose values are of <typeparamref name="T"/>.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static ColumnType<T> Instance => Lookup.Found
        ?? throw new ArgumentException($"A column holds double, long, bool or string, not {typeof(T)}.");

    /// <summary>Reads a field of a text file.</summary>
    public bool TryReadText(string field, [MaybeNull] out T value) => readText(field, out value);

    /// <summary>Takes a double, a long, a bool or a text for a value of this type.</summary>
    public bool TryConvert(object from, [MaybeNull] out T value) => convert(from, out value);

    /// <inheritdoc/>
    public override TResult Accept<TResult>(IColumnTypeVisitor<TResult> visitor) => visitor.Visit(this);

    /// <inheritdoc/>
    public override ColumnBuilder NewBuilder(string name, int capacity = 0) => new ColumnBuilder<T>(name, capacity);

    /// <inheritdoc/>
    public override BarColumn OfNulls(string name, int length)
    {
        // A text is null by itself.
        bool[] nulls = new bool[typeof(T).IsValueType ? length : 0];
        Array.Fill(nulls, true);
        return new BarColumn<T>(name, new T[length], nulls);
    }

    // A class of its own, so that the list of types is whole before anybody looks into it.
    private static class Lookup
    {
        public static readonly ColumnType<T>? Found = (ColumnType<T>?)Of(typeof(T));
    }
}
