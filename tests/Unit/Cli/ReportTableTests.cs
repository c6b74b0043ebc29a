using System.Text;
using Qmtl.Cli.Hosting;
using Qmtl.Cli.Rendering;
using Spectre.Console;

namespace Qmtl.Unit.Cli;

public sealed class ReportTableTests
{
    private static readonly string[] Texts = ["Node", "Interval", "Status"];
    private static readonly string[] Numbers = ["Written", "Empty", "Rejected", "Missing", "Requests", "Retries", "Time"];
    private static readonly string[] Row = ["BTCUSDT", "1m", "Completed", "1,234,567", "403", "0", "0", "1,300", "12", "12:34"];

    [Theory]
    [InlineData(120, true)]
    [InlineData(100, false)]
    [InlineData(80, false)]
    [InlineData(60, false)]
    [InlineData(40, false)]
    [InlineData(20, false)]
    public void No_value_is_broken_and_no_line_is_too_long_at_any_width(int width, bool isBoxed)
    {
        (string[] lines, _) = Write(width);

        Assert.All(lines, line => Assert.True(line.Length <= width, line));
        Assert.All(Row.Where(text => text != "0"), value => Assert.Contains(lines, line => line.Split(' ', '│').Contains(value)));
        Assert.Equal(isBoxed, lines[0].StartsWith('╭'));
    }

    [Fact]
    public void Where_there_is_room_for_columns_each_row_is_a_line()
    {
        (string[] lines, _) = Write(80);

        Assert.Equal(2, lines.Length);
    }

    [Fact]
    public void Columns_that_say_nothing_make_room_first()
    {
        (string[] lines, _) = Write(70);

        Assert.Equal(2, lines.Length);
        Assert.DoesNotContain("Rejected", lines[0], StringComparison.Ordinal);
        Assert.DoesNotContain("Missing", lines[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Columns_that_are_left_out_are_named()
    {
        (string[] lines, IReadOnlyList<string> leftOut) = Write(50, leavesOutColumns: true);

        Assert.Equal(2, lines.Length);
        Assert.Equal(["Rejected", "Missing", "Requests", "Retries", "Time"], leftOut);
        Assert.DoesNotContain("Requests", lines[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_in_brackets_is_shown_as_it_is() =>
        Assert.Contains("[a]", Write(20, value: "[a]").Lines[0], StringComparison.Ordinal);

    private static (string[] Lines, IReadOnlyList<string> LeftOut) Write(int width, bool leavesOutColumns = false, string? value = null)
    {
        using var output = new StringWriter();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Out = new Terminal(output, width),
        });
        console.Profile.Capabilities.Unicode = true;
        var host = new CliHost { Console = console, Output = Stream.Null, Error = TextWriter.Null };
        ReportTable table = new ReportTable(host) { LeavesOutColumns = leavesOutColumns }.WithTexts(Texts).WithNumbers(Numbers);
        table.AddRow(Row.Select(text => new ReportTable.Cell(value ?? text)));
        IReadOnlyList<string> leftOut = table.Write();
        return (output.ToString().TrimEnd('\n').Split('\n'), leftOut);
    }

    private sealed class Terminal(TextWriter writer, int width) : IAnsiConsoleOutput
    {
        public TextWriter Writer => writer;

        public bool IsTerminal => true;

        public int Width => width;

        public int Height => 40;

        public void SetEncoding(Encoding encoding)
        {
        }
    }
}
