using Qmtl.Cli.Hosting;
using Qmtl.Messages;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Qmtl.Cli.Rendering;

/// <summary>
/// A table that never breaks a value, however narrow the terminal is. It takes the widest form that fits: in a box, in columns, in
/// columns without those that are zero throughout, and at last either a block a row or, where the rows are alike, the first columns only.
/// Names and values are shown as <see cref="PlainText"/>.
/// </summary>
internal sealed class ReportTable(CliHost host)
{
    private const string Zero = "0";
    private const int HeadingColumns = 2;

    private readonly List<Column> _columns = [];
    private readonly List<Cell[]> _rows = [];
    private int[] _widths = [];

    /// <summary>How many rows there are.</summary>
    public int RowCount => _rows.Count;

    /// <summary>Whether columns that do not fit are left out, in place of a block for each row; false by default.</summary>
    public bool LeavesOutColumns { get; init; }

    /// <summary>Adds left-aligned columns. The first two head a row's block where there is no room for columns.</summary>
    public ReportTable WithTexts(params IEnumerable<string> names) => With(names, isNumber: false);

    /// <summary>Adds right-aligned columns.</summary>
    /// <param name="names">Their names.</param>
    public ReportTable WithNumbers(params IEnumerable<string> names) => With(names, isNumber: true);

    /// <summary>Adds a row: a cell for each column.</summary>
    public void AddRow(params IEnumerable<Cell> cells) => _rows.Add([.. cells.Select(cell => cell with { Text = PlainText.OneLine(cell.Text) })]);

    /// <summary>Writes the table.</summary>
    /// <returns>The names of columns that were left out.</returns>
    public IReadOnlyList<string> Write()
    {
        // In a file there is room for everything.
        int width = host.IsTerminal ? host.Console.Profile.Width : int.MaxValue;
        _widths = [.. _columns.Select((_, index) => Measure(index))];
        int[] all = [.. Enumerable.Range(0, _columns.Count)];
        int[] telling = [.. all.Where(index => !_columns[index].IsNumber || _rows.Exists(row => row[index].Text != Zero))];
        if (host.IsUnicode && Boxed(all) <= width)
        {
            WriteTable(all, TableBorder.Rounded, gap: 1);
        }
        else if (InColumns(all, gap: 2) <= width)
        {
            WriteTable(all, TableBorder.None, gap: 2);
        }
        else if (InColumns(all, gap: 1) <= width)
        {
            WriteTable(all, TableBorder.None, gap: 1);
        }
        else if (LeavesOutColumns)
        {
            int fitting = Math.Max(1, all.Count(index => InColumns(all[..(index + 1)], gap: 1) <= width));
            WriteTable(all[..fitting], TableBorder.None, gap: 1);
            return [.. _columns.Skip(fitting).Select(column => column.Name)];
        }
        else if (InColumns(telling, gap: 1) <= width)
        {
            WriteTable(telling, TableBorder.None, gap: 1);
        }
        else
        {
            WriteBlocks(width);
        }

        return [];
    }

    private ReportTable With(IEnumerable<string> names, bool isNumber)
    {
        _columns.AddRange(names.Select(name => new Column(PlainText.OneLine(name), isNumber)));
        return this;
    }

    // A line before each column and one at the end, and a space at either side of a value.
    private long Boxed(int[] columns) => columns.Sum(index => _widths[index] + 3L) + 1;

    private long InColumns(int[] columns, int gap) => columns.Sum(index => (long)_widths[index]) + (gap * (columns.Length - 1L));

    private int Measure(int column)
    {
        RenderOptions options = RenderOptions.Create(host.Console);
        return _rows.Select(row => row[column].Text).Append(_columns[column].Name).Max(text => ((IRenderable)new Text(text)).Measure(options, int.MaxValue).Max);
    }

    private void WriteTable(int[] columns, TableBorder border, int gap)
    {
        bool isBoxed = border != TableBorder.None;
        Table table = new Table().Border(border).BorderColor(Color.Grey);
        table.UseSafeBorder = true;
        foreach (int index in columns)
        {
            table.AddColumn(new TableColumn(new Text(_columns[index].Name))
            {
                Alignment = _columns[index].IsNumber ? Justify.Right : Justify.Left,
                NoWrap = true,
                Width = _widths[index],
                Padding = isBoxed ? new Padding(gap, 0) : new Padding(0, 0, index == columns[^1] ? 0 : gap, 0),
            });
        }

        foreach (Cell[] row in _rows)
        {
            table.AddRow(columns.Select(index => new Text(row[index].Text, row[index].Style)));
        }

        host.Console.Write(table);
    }

    private void WriteBlocks(int width)
    {
        foreach (Cell[] row in _rows)
        {
            host.Console.WriteLine(string.Join(' ', row.Take(HeadingColumns).Select(cell => cell.Text)));
            FlowedItems.Write(host.Console, row.Skip(HeadingColumns).Select((cell, index) => $"{_columns[HeadingColumns + index].Name.EscapeMarkup()} {cell.ToMarkup()}"), width, indent: 2);
        }
    }

    /// <summary>A value as it is shown.</summary>
    /// <param name="Text">The text.</param>
    /// <param name="Style">Its colour; the terminal's own where null.</param>
    public readonly record struct Cell(string Text, Style? Style = null)
    {
        public static implicit operator Cell(string text) => new(text);

        public string ToMarkup() => Style is { } style ? $"[{style.ToMarkup()}]{Text.EscapeMarkup()}[/]" : Text.EscapeMarkup();
    }

    private sealed record Column(string Name, bool IsNumber);
}
