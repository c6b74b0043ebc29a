using System.Diagnostics;
using Qmtl.Cli;
using Qmtl.Cli.Hosting;
using Qmtl.Unit.Fixtures;
using Spectre.Console;

namespace Qmtl.Unit.Cli;

public sealed class FullDeviceTests
{
    [Theory]
    [InlineData("history --node BTCUSDT --interval 1m --csv")]
    [InlineData("history --node BTCUSDT --interval 1m --json")]
    [InlineData("coverage --json")]
    public async Task Output_that_cannot_be_written_exits_1_with_one_line_and_no_exception(string commandLine)
    {
        using var folder = new CliFolder();
        await folder.WriteAsync([0, 1]);
        using var error = new StringWriter();
        int code;
        await using (var host = new CliHost { Console = AnsiConsole.Console, Output = new BufferedStream(new StandardOutput(new FullDevice())), Error = error })
        {
            code = await QmtlCommandLine.RunAsync([.. commandLine.Split(' '), "--store", folder.StorePath], host, CancellationToken.None);
        }

        Assert.Equal((ExitCode.Failed, "qmtl: error: Standard output cannot be written: No space left on device."), (code, error.ToString().TrimEnd()));
    }

    [UnixFileFact]
    public async Task A_pipe_that_nobody_reads_any_more_ends_it_without_a_word()
    {
        string qmtl = Path.Combine(AppContext.BaseDirectory, "qmtl.dll");
        var start = new ProcessStartInfo("bash", ["-c", $"exec 3> >(exec <&-); wait $!; exec dotnet '{qmtl}' exchanges --json >&3"])
        {
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();

        Assert.Equal((ExitCode.Unread, ""), (process.ExitCode, error.TrimEnd()));
    }

    private sealed class FullDevice : MemoryStream
    {
        public override void Write(byte[] buffer, int offset, int count) => throw new IOException("No space left on device");

        public override void Write(ReadOnlySpan<byte> buffer) => throw new IOException("No space left on device");

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => throw new IOException("No space left on device");

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => throw new IOException("No space left on device");
    }
}
