using Qmtl.Cli.Hosting;
using Qmtl.Messages;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Qmtl.Cli.Rendering;

/// <summary>
/// A table that never breaks a value, however narrow the terminal is: the first of Spectre's tables that fits, from one in a box to one
/// without the columns that are zero throughout. Where none fits there is a block for each row or, where the rows are alike, as many of the
/// first columns as fit. Names and values are shown as <see cref="PlainText"/>.
/// </summary>
internal sealed class ReportTable(CliHost host)
{
    private const string Zero = "0";
    private const int HeadingColumns = 2;

    // More than any table is wide; Spectre adds to it.
    private const int Unbounded = 1 << 24;

    private readonly List<(string Name, Justify Alignment)> _columns = [];
    private readonly List<Cell[]> _rows = [];
    private long _left;

    /// <summary>How many rows there are.</summary>
    public int RowCount => _rows.Count;

    /// <summary>The most rows that are shown; any number by default.</summary>
    public int MostRows { get; init; } = int.MaxValue;

    /// <summary>What there is to say of rows beyond <see cref="MostRows"/>; null where there are none.</summary>
    public string? Rest => _left == 0 ? null : $"{Amounts.Count(_left)} more are not shown; --json has all of them.";

    /// <summary>Whether columns that do not fit are left out, in place of a block for each row; false by default.</summary>
    public bool LeavesOutColumns { get; init; }

    /// <summary>Items one after the other on as many lines as they need, each with its Spectre markup; none is broken.</summary>
    public static IRenderable Flow(IEnumerable<string> items, int indent) => new Padder(
        new Columns(items.Select(item => new Markup(item))) { Expand = false, Padding = new Padding(0, 0, 2, 0) },
        new Padding(indent, 0, 0, 0));

    /// <summary>Adds left-aligned columns. The first two head a row's block where there is no room for columns.</summary>
    public ReportTable WithTexts(params IEnumerable<string> names) => With(names, Justify.Left);

    /// <summary>Adds right-aligned columns.</summary>
    public ReportTable WithNumbers(params IEnumerable<string> names) => With(names, Justify.Right);

    /// <summary>Adds a row: a cell for each column.</summary>
    public void AddRow(params IEnumerable<Cell> cells)
    {
        if (_rows.Count == MostRows)
        {
            _left++;
            return;
        }

        _rows.Add([.. cells.Select(cell => cell with { Text = PlainText.OneLine(cell.Text) })]);
    }

    /// <summary>Writes the table.</summary>
    /// <returns>The names of columns that were left out.</returns>
    public IReadOnlyList<string> Write()
    {
        // In a file there is room for everything.
        int width = host.IsTerminal ? host.Console.Profile.Width : Unbounded;
        RenderOptions options = RenderOptions.Create(host.Console);
        Table? table = Tables().FirstOrDefault(table => ((IRenderable)table).Measure(options, Unbounded).Max <= width);
        if (table is null && LeavesOutColumns)
        {
            table = Plain([0], gap: 1);
        }

        if (table is not null)
        {
            host.Console.Write(table);
            return LeavesOutColumns ? [.. _columns.Skip(table.Columns.Count).Select(column => column.Name)] : [];
        }

        foreach (Cell[] row in _rows)
        {
            host.Console.WriteLine(string.Join(' ', row.Take(HeadingColumns).Select(cell => cell.Text)));
            IEnumerable<string> items = row.Zip(_columns, (cell, column) => $"{column.Name.EscapeMarkup()} {cell.ToMarkup()}");
            host.Console.Write(Flow(items.Skip(HeadingColumns), indent: 2));
        }

        return [];
    }

    private ReportTable With(IEnumerable<string> names, Justify alignment)
    {
        _columns.AddRange(names.Select(name => (PlainText.OneLine(name), alignment)));
        return this;
    }

    private IEnumerable<Table> Tables()
    {
        int[] all = [.. Enumerable.Range(0, _columns.Count)];
        if (host.IsUnicode)
        {
            yield return Create(all, TableBorder.Rounded, _ => new Padding(1, 0));
        }

        yield return Plain(all, gap: 2);
        yield return Plain(all, gap: 1);
        if (!LeavesOutColumns)
        {
            bool Tells(int index) => _columns[index].Alignment == Justify.Left || _rows.Exists(row => row[index].Text != Zero);
            yield return Plain([.. all.Where(Tells)], gap: 1);
            yield break;
        }

        for (int fewer = all.Length - 1; fewer > 0; fewer--)
        {
            yield return Plain(all[..fewer], gap: 1);
        }
    }

    private Table Plain(int[] columns, int gap) =>
        Create(columns, TableBorder.None, index => new Padding(0, 0, index == columns[^1] ? 0 : gap, 0));

    private Table Create(int[] columns, TableBorder border, Func<int, Padding> padding)
    {
        Table table = new Table().Border(border).BorderColor(Color.Grey);
        foreach (int index in columns)
        {
            (string name, Justify alignment) = _columns[index];
            table.AddColumn(new TableColumn(new Text(name)) { Alignment = alignment, NoWrap = true, Padding = padding(index) });
        }

        foreach (Cell[] row in _rows)
        {
            table.AddRow(columns.Select(index => new Text(row[index].Text, row[index].Style)));
        }

        return table;
    }

    /// <summary>A value as it is shown.</summary>
    /// <param name="Text">The text.</param>
    /// <param name="Style">Its colour; null for the terminal's own.</param>
    public readonly record struct Cell(string Text, Style? Style = null)
    {
        public static implicit operator Cell(string text) => new(text);

        public string ToMarkup() => Style is { } style ? $"[{style.ToMarkup()}]{Text.EscapeMarkup()}[/]" : Text.EscapeMarkup();
    }
}
