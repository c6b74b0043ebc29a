using System.Globalization;
using Qmtl.Cli.Hosting;
using Spectre.Console;

namespace Qmtl.Cli.Rendering;

/// <summary>How tables and numbers look everywhere: rounded on a terminal, plain columns where output is redirected.</summary>
internal static class Tables
{
    /// <summary>A table with the given left-aligned columns.</summary>
    public static Table Create(CliHost host, params IEnumerable<string> columns)
    {
        Table table = new Table().Border(host.IsUnicode ? TableBorder.Rounded : TableBorder.None).BorderColor(Color.Grey);
        table.UseSafeBorder = true;
        foreach (string column in columns)
        {
            table.AddColumn(new TableColumn(new Text(column)));
        }

        return table;
    }

    /// <summary>Adds right-aligned columns, for numbers.</summary>
    public static Table WithNumbers(this Table table, params IEnumerable<string> columns)
    {
        foreach (string column in columns)
        {
            table.AddColumn(new TableColumn(new Text(column)).RightAligned());
        }

        return table;
    }

    /// <summary>A count with thousands separators.</summary>
    public static string Count(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A count with its noun, for example <c>1 bar</c> or <c>2 bars</c>.</summary>
    public static string Count(long count, string noun) => $"{Count(count)} {noun}{(count == 1 ? "" : "s")}";

    /// <summary>A duration as a person reads it, for example <c>0.4 s</c> or <c>1:02:03</c>.</summary>
    public static string Duration(TimeSpan duration) => duration < TimeSpan.FromMinutes(1)
        ? string.Create(CultureInfo.InvariantCulture, $"{duration.TotalSeconds:0.0} s")
        : duration.ToString(duration < TimeSpan.FromHours(1) ? @"m\:ss" : @"d\.h\:mm\:ss", CultureInfo.InvariantCulture);
}
