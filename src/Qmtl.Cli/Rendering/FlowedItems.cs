using Spectre.Console;

namespace Qmtl.Cli.Rendering;

/// <summary>Items one after the other, on as many lines as they need; none of them is broken.</summary>
internal static class FlowedItems
{
    private const int Gap = 2;

    /// <summary>Writes the items.</summary>
    /// <param name="console">Where to.</param>
    /// <param name="items">What, as Spectre's markup.</param>
    /// <param name="width">How long a line may be.</param>
    /// <param name="indent">How many spaces a line begins with.</param>
    public static void Write(IAnsiConsole console, IEnumerable<string> items, int width, int indent)
    {
        var line = new List<string>();
        int length = 0;
        foreach (string item in items)
        {
            int more = Markup.Remove(item).Length;
            if (line.Count > 0 && indent + length + Gap + more > width)
            {
                WriteLine();
            }

            length += more + (line.Count > 0 ? Gap : 0);
            line.Add(item);
        }

        WriteLine();

        void WriteLine()
        {
            console.MarkupLine(new string(' ', indent) + string.Join(new string(' ', Gap), line));
            line.Clear();
            length = 0;
        }
    }
}
