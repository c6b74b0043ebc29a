using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Host;

namespace Qmtl.PowerShell.Output;

/// <summary>What the place that a command's text goes to can show.</summary>
internal sealed class Screen
{
    // Enough for a long line in a file, few enough to be read there.
    private const int WidthOfFiles = 120;

    private readonly object? _colours;

    private Screen(int width, bool isUnicode, object? colours)
    {
        Width = width;
        IsUnicode = isUnicode;
        _colours = colours;
    }

    /// <summary>How many columns there are.</summary>
    public int Width { get; }

    /// <summary>Whether it shows more than ASCII; never where output is redirected.</summary>
    public bool IsUnicode { get; }

    /// <summary>What the shell of a command shows: its window, <c>$PSStyle.OutputRendering</c> and <c>NO_COLOR</c> decide.</summary>
    public static Screen Of(PSCmdlet command)
    {
        ArgumentNullException.ThrowIfNull(command);
        bool isWatched = !Console.IsOutputRedirected && command.MyInvocation.PipelinePosition == command.MyInvocation.PipelineLength;
        object? style = command.GetVariableValue("PSStyle");
        bool hasColours = $"{Member(style, "OutputRendering")}" switch
        {
            "Ansi" => true,
            "Host" => isWatched && Member(command.Host.UI, "SupportsVirtualTerminal") is true,
            _ => false,
        };
        int width = isWatched ? WidthOf(command.Host) : 0;
        return new Screen(
            width > 0 ? width : WidthOfFiles,
            isWatched && Console.OutputEncoding.WebName.StartsWith("utf", StringComparison.OrdinalIgnoreCase),
            hasColours && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")) ? Member(style, "Foreground") : null);
    }

    /// <summary>The text in a colour, where there are colours and nobody wishes for none.</summary>
    /// <param name="text">The text.</param>
    /// <param name="colour"><c>green</c>, <c>grey</c> or <c>red</c>.</param>
    public string Paint(string text, string colour)
    {
        string name = colour == "grey" ? "BrightBlack" : CultureInfo.InvariantCulture.TextInfo.ToTitleCase(colour);
        return Member(_colours, name) is string begin ? $"{begin}{text}\u001b[0m" : text;
    }

    // The library that the module is compiled against is older than these members.
    private static object? Member(object? value, string name) =>
        value is null ? null : PSObject.AsPSObject(value).Properties[name]?.Value;

    private static int WidthOf(PSHost host)
    {
        try
        {
            return host.UI?.RawUI?.WindowSize.Width ?? 0;
        }
        catch (Exception exception) when (exception is HostException or NotImplementedException or InvalidOperationException or IOException)
        {
            // A host without a window.
            return 0;
        }
    }
}
