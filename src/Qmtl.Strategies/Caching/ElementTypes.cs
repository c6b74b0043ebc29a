namespace Qmtl.Caching;

/// <summary>The types that a series' column can hold.</summary>
internal static class ElementTypes
{
    /// <summary>The type in words, for messages: <c>numbers (double)</c>.</summary>
    public static string Describe(Type type) => Keyword(type) switch
    {
        "double" => "numbers (double)",
        "long" => "whole numbers (long)",
        "bool" => "flags (bool)",
        "string" => "text (string)",
        _ => "objects (object)",
    };

    /// <summary>The type as C# writes it.</summary>
    public static string Keyword(Type type) => type switch
    {
        _ when type == typeof(double) => "double",
        _ when type == typeof(long) => "long",
        _ when type == typeof(bool) => "bool",
        _ when type == typeof(string) => "string",
        _ => "object",
    };
}
