using System.Text;
using System.Text.RegularExpressions;
using Qmtl.Cli;
using Qmtl.Cli.Hosting;
using Qmtl.Simulation;
using Qmtl.Simulation.Faults;
using Qmtl.Simulation.Markets;
using Qmtl.Unit.Cli;
using Spectre.Console;

namespace Qmtl.Unit.Logging;

public sealed partial class ProgressDisplayTests
{
    private const string ControlSequence = "\u001b[";

    [Fact]
    public async Task A_terminal_sees_the_whole_and_each_stream_with_bars_rate_and_time_left()
    {
        (string output, _) = await RunAsync(isTerminal: true);

        string text = ControlSequences().Replace(output, "");
        Assert.Matches(@"Backfilling, 0 of 2 done", text);
        Assert.Matches(@"BTCUSDT 1m .*% [\d,]+ of 28,800 bars", text);
        Assert.Matches(@"ETHUSDT 1m .*[\d,]+ bars/s", text);
        Assert.Contains("-:--:--", text, StringComparison.Ordinal);
        Assert.Matches(@"bars/s +0:00:\d\d", text);
    }

    [Fact]
    public async Task Warnings_wait_until_the_display_is_gone()
    {
        (string output, string error) = await RunAsync(isTerminal: true, SimulatedFault.RowsOutsideRange);

        int warning = output.IndexOf("were not stored", StringComparison.Ordinal);
        Assert.True(warning > output.LastIndexOf("bars/s", StringComparison.Ordinal), "The warning stands among the pictures of the display.");
        Assert.Contains("qmtl: warning: ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_the_log_tells_the_story_there_is_no_display()
    {
        (string output, string error) = await RunAsync(isTerminal: true, null, "--log-level", "information");

        Assert.DoesNotContain("Backfilling", output, StringComparison.Ordinal);
        Assert.Contains("requests planned", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pipe_sees_nothing_of_it()
    {
        (string output, string error) = await RunAsync(isTerminal: false);

        Assert.DoesNotContain(ControlSequence, output, StringComparison.Ordinal);
        Assert.DoesNotContain("Backfilling", output, StringComparison.Ordinal);
        Assert.Equal("", error);
    }

    [GeneratedRegex("\u001b\\[[0-9;?]*[A-Za-z]")]
    private static partial Regex ControlSequences();

    // Output holds both, as a terminal would show them; Error only what went to standard error.
    private static async Task<(string Output, string Error)> RunAsync(bool isTerminal, SimulatedFault? fault = null, params string[] arguments)
    {
        using var folder = new CliFolder();
        await using SimulatedExchange exchange = SimulatedExchange.Start(new SimulatedExchangeOptions
        {
            Markets = [new GeneratedMarket("BTCUSDT"), new GeneratedMarket("ETHUSDT")],
            Latency = TimeSpan.FromMilliseconds(isTerminal && arguments.Length == 0 ? 200 : 0),
        });
        if (fault is not null)
        {
            exchange.Faults.Enqueue(fault);
        }

        var both = new StringBuilder();
        using var buffer = new StringWriter(both);
        using var errors = new StringWriter();

        // One for all: two of them would each keep the buffer from others, and not from one another.
        using TextWriter output = TextWriter.Synchronized(buffer);
        using var error = new TeeWriter(output, errors);
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = isTerminal ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = isTerminal ? InteractionSupport.Yes : InteractionSupport.No,
            Out = new FakeTerminal(output, isTerminal),
        });
        await using var host = new CliHost { Console = console, Output = Stream.Null, Error = error, GetEnvironmentVariable = _ => null };

        int code = await QmtlCommandLine.RunAsync(
            [
                "backfill", "--store", folder.StorePath, "--interval", "1m", "--node", "BTCUSDT", "--node", "ETHUSDT", "--start", "2024-01-01", "--end", "2024-01-20T23:59:00Z",
                "--base-uri", exchange.BaseUri.ToString(), "--throttle-limit", "2", .. arguments,
            ],
            host,
            CancellationToken.None);

        Assert.Equal(ExitCode.Complete, code);
        return (both.ToString(), errors.ToString());
    }

    private sealed class FakeTerminal(TextWriter writer, bool isTerminal) : IAnsiConsoleOutput
    {
        public TextWriter Writer => writer;

        public bool IsTerminal => isTerminal;

        public int Width => 160;

        public int Height => 40;

        public void SetEncoding(Encoding encoding)
        {
        }
    }

    private sealed class TeeWriter(TextWriter first, TextWriter second) : TextWriter
    {
        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value)
        {
            first.Write(value);
            second.Write(value);
        }
    }
}
