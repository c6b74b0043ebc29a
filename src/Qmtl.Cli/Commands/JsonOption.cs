using System.CommandLine;

namespace Qmtl.Cli.Commands;

/// <summary>The option <c>--json</c>, the same for all commands.</summary>
internal static class JsonOption
{
    /// <summary>Adds the option to <paramref name="command"/>; <paramref name="what"/> says what a line is.</summary>
    public static Option<bool> AddTo(Command command, string what)
    {
        var option = new Option<bool>("--json") { Description = $"JSON lines for machines: one object {what}." };
        command.Options.Add(option);
        return option;
    }
}
