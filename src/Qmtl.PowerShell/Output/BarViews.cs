using System.Collections.Concurrent;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Management.Automation.Runspaces;
using System.Runtime.CompilerServices;
using Qmtl.Messages;

namespace Qmtl.PowerShell.Output;

/// <summary>
/// The tables and lists of bars of any columns. A view of PowerShell's has its columns once and for all, so each set of columns has a type
/// name and views of its own, made when the first bar with these columns comes. Without them PowerShell writes times as the shell's culture
/// does (in Thai with the year 2567) and text with whatever a terminal would obey.
/// </summary>
internal static class BarViews
{
    // More sets of columns than anybody looks at in a shell; what comes after is shown as PowerShell shows it.
    private const int MaxViews = 200;

    // As PowerShell does it: a table for few properties, a list for more. The other one is what Format-Table and Format-List find.
    private const int MostInTable = 4;

    private static readonly ConditionalWeakTable<InitialSessionState, ConcurrentDictionary<string, bool>> Made = [];

    /// <summary>The type name by which bars of these columns find their views, after making them in the runspace of this thread.</summary>
    /// <param name="columns">The names of a bar's properties in their order, and whether each holds numbers.</param>
    public static string NameOf(IReadOnlyList<(string Name, bool IsNumber)> columns)
    {
        string name =
            $"{BarObject.BarTypeName}#{string.Join(',', columns.Select(column => (column.IsNumber ? "+" : string.Empty) + column.Name))}";
        if (Runspace.DefaultRunspace?.InitialSessionState is { } session)
        {
            ConcurrentDictionary<string, bool> made = Made.GetOrCreateValue(session);
            if (made.Count < MaxViews && made.TryAdd(name, true))
            {
                session.Formats.Add(new SessionStateFormatEntry(ViewsOf(name, columns)));
                ScriptBlock.Create(@"Microsoft.PowerShell.Utility\Update-FormatData -ErrorAction Ignore").Invoke();
            }
        }

        return name;
    }

    private static ExtendedTypeDefinition ViewsOf(string name, IReadOnlyList<(string Name, bool IsNumber)> columns)
    {
        TableControlBuilder table = TableControl.Create(outOfBand: false, autoSize: false, hideTableHeaders: false);
        ListControlBuilder list = ListControl.Create(outOfBand: false);
        foreach ((string column, bool isNumber) in columns)
        {
            table.AddHeader(isNumber ? Alignment.Right : Alignment.Undefined, 0, PlainText.OneLine(column));
        }

        TableRowDefinitionBuilder row = table.StartRowDefinition(wrap: false, entrySelectedByType: null, entrySelectedByCondition: null);
        ListEntryBuilder entry = list.StartEntry(entrySelectedByType: null, entrySelectedByCondition: null);
        foreach ((string column, bool _) in columns)
        {
            string show = $"[{typeof(ShownValue).FullName}]::Of($_.'{CodeGeneration.EscapeSingleQuotedStringContent(column)}')";
            row.AddScriptBlockColumn(show, Alignment.Undefined, format: null);
            entry.AddItemScriptBlock(show, PlainText.OneLine(column), format: null);
        }

        FormatViewDefinition[] views = [new(name, row.EndRowDefinition().EndTable()), new(name, entry.EndEntry().EndList())];
        return new ExtendedTypeDefinition(name, columns.Count <= MostInTable ? views : views.Reverse());
    }
}
