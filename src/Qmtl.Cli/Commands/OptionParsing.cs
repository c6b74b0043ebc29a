using System.CommandLine;
using System.CommandLine.Parsing;
using Qmtl.Messages;

namespace Qmtl.Cli.Commands;

/// <summary>Option values that are read by the library's own parsers.</summary>
internal static class OptionParsing
{
    /// <summary>
    /// A parser of one value whose <see cref="FormatException"/> or <see cref="ArgumentException"/> becomes the option's error.
    /// </summary>
    public static Func<ArgumentResult, T?> Using<T>(Func<string, T> parse) => result =>
    {
        try
        {
            return parse(result.Tokens.Single().Value);
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException)
        {
            string problem = PlainMessage.Of(exception);
            result.AddError(result.Parent is OptionResult { Option.Name: var option } ? $"{option}: {problem}" : problem);
            return default;
        }
    };

    /// <summary>
    /// Takes one of <paramref name="names"/> in any case, and offers them in small letters; also a text of another form, where there is
    /// one.
    /// </summary>
    public static void AcceptNames(Option<string?> option, IReadOnlyList<string> names, Func<string, bool>? isOther = null)
    {
        option.CustomParser = Using<string?>(text => isOther?.Invoke(text) == true ? text
            : names.FirstOrDefault(name => name.Equals(text, StringComparison.OrdinalIgnoreCase))
            ?? throw new FormatException($"'{text}' is not known. Choose {Listed(names)}."));
        option.CompletionSources.Add([.. names.Select(Small)]);
    }

    /// <summary>The names as one writes them on a command line: <c>a, b or c</c>.</summary>
    public static string Listed(IReadOnlyList<string> names)
    {
        string[] small = [.. names.Select(Small)];
        return small.Length < 2 ? string.Concat(small) : $"{string.Join(", ", small[..^1])} or {small[^1]}";
    }

    /// <summary>A parser of a whole number from <paramref name="least"/> to <paramref name="most"/>.</summary>
    public static Func<ArgumentResult, int?> WholeNumber(int least, int most) => Using<int?>(text =>
        int.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out int value) && value >= least && value <= most
            ? value
            : throw new FormatException($"'{text}' is not a whole number from {least} to {most}."));

    private static string Small(string name) => name.ToLowerInvariant();
}
