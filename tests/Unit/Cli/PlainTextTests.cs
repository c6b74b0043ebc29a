using System.Text.Json;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.Messages;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Cli;

/// <summary>
/// Text of a store and of a file that a terminal would obey: colour, bell, carriage return, bidirectional marks, C1 controls.
/// </summary>
public sealed class PlainTextTests : IDisposable
{
    private const string Evil = "X\u001b[31mred\a\r\u202egnp\u2066\u009b2J";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("coverage")]
    [InlineData("gaps --node NODE --interval 1m --start 1970-01-01 --end 1970-01-01T00:05")]
    [InlineData("backfill --node NODE --interval 1m --start 1970-01-01 --end 1970-01-01T00:05 --file FILE")]
    [InlineData("backfill --node NODE --interval 1m --start 1970-01-01 --end 1970-01-01T00:05 --file FILE --log-format json --log-level debug")]
    public async Task No_text_of_a_store_or_a_file_reaches_a_terminal_as_it_is(string command)
    {
        string store = await StoreAsync();
        string file = _folder.File("rows.csv");
        await File.WriteAllTextAsync(file, $"ts,close,{Evil.Replace('\r', '_')}\n0,1,a\n60,{Evil.Replace('\r', '_')},b\nnever{Evil.Replace('\r', '_')},1,c\n");
        string[] arguments = [.. command.Split(' ').Select(word => word.Replace("NODE", Evil, StringComparison.Ordinal).Replace("FILE", file, StringComparison.Ordinal))];
        CliOutcome told = await CliRunner.RunAsync([.. arguments, "--store", store]);
        AssertPlain(told.Output);
        AssertPlain(told.Error);
        Assert.Contains(@"\u001b[31mred\u0007", told.Output + told.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("coverage --json", "node_id", Evil)]
    [InlineData("history --node NODE --interval 1m --json", "note", Evil + "\nnext")]
    public async Task Json_gives_its_reader_the_text_as_it_is_and_a_terminal_never(string command, string name, string expected)
    {
        string[] arguments = [.. command.Split(' ').Select(word => word.Replace("NODE", Evil, StringComparison.Ordinal))];
        CliOutcome told = await CliRunner.RunAsync([.. arguments, "--store", await StoreAsync()]);
        AssertPlain(told.Output);
        Assert.Equal(expected, JsonDocument.Parse(told.Lines[0]).RootElement.GetProperty(name).GetString());
    }

    private static void AssertPlain(string text) => Assert.Same(text, PlainText.Escape(text));

    private async Task<string> StoreAsync()
    {
        string path = _folder.File("store.db");
        var stream = new StreamKey(Evil, BarInterval.FromSeconds(60));
        BarFrame rows = new(stream.Interval, new long[] { 0, 120 }, [Columns.Doubles("close", 1, 2), new BarColumn<string?>("note", new[] { Evil + "\nnext", Evil })]);
        await using IHistoryStore store = HistoryStoreFactory.Open(path);
        await store.WriteAsync(stream, [new BarPage("s", rows, TimeRangeSet.Empty(stream.Interval), TimeRangeSet.Empty(stream.Interval))]);
        return path;
    }
}
