using System.CommandLine;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Qmtl.Cli.Logging;

namespace Qmtl.Cli.Commands;

/// <summary><c>--log-level</c> and <c>--log-format</c>, which every command takes.</summary>
internal sealed class LogOptions
{
    private readonly Option<LogLevel?> _level = Choice<LogLevel>(
        "--log-level", "level", "The least level written to standard error: {0}. Default: warning.");
    private readonly Option<LogFormat?> _format = Choice<LogFormat>(
        "--log-format", "format", "How it is written: {0} (JSON lines). Default: text.");

    /// <summary>Adds the options to <paramref name="root"/> and all commands below it.</summary>
    public LogOptions(RootCommand root)
    {
        root.Options.Add(_level);
        root.Options.Add(_format);
    }

    /// <summary>Takes the operator's wishes into <paramref name="log"/>.</summary>
    public void Apply(ParseResult arguments, ErrorLog log) => log.Configure(arguments.GetValue(_level), arguments.GetValue(_format));

    private static Option<T?> Choice<T>(string name, string helpName, string description)
        where T : struct, Enum
    {
        Dictionary<string, T> choices = Enum.GetValues<T>().ToDictionary(
            value => JsonNamingPolicy.CamelCase.ConvertName(value.ToString()), StringComparer.OrdinalIgnoreCase);
        string all = string.Join(", ", choices.Keys.SkipLast(1)) + " or " + choices.Keys.Last();
        var option = new Option<T?>(name)
        {
            Description = description.Replace("{0}", all, StringComparison.Ordinal),
            HelpName = helpName,
            Recursive = true,
            CustomParser = OptionParsing.Using<T?>(
                text => choices.TryGetValue(text, out T value) ? value : throw new FormatException($"'{text}' is none of {all}.")),
        };
        option.CompletionSources.Add([.. choices.Keys]);
        return option;
    }
}
