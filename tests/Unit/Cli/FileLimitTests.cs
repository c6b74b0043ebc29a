using System.Diagnostics;

namespace Qmtl.Unit.Cli;

public sealed class FileLimitTests
{
    [UnixTheory]
    [InlineData(32, "--help")]
    [InlineData(64, "--help")]
    [InlineData(64, "coverage --store history.db")]
    [InlineData(255, "demo")]
    public async Task Too_few_files_are_told_in_one_line_with_the_number_that_is_needed(int limit, string commandLine)
    {
        var start = new ProcessStartInfo("bash", ["-c", $"ulimit -n {limit}; exec dotnet '{Path.Combine(AppContext.BaseDirectory, "qmtl.dll")}' {commandLine}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();

        Assert.Equal($"qmtl: error: This process may have {limit} files open at once (ulimit -n), and needs 256. Raise the limit: ulimit -n 256.", error.TrimEnd());
        Assert.Equal((1, string.Empty), (process.ExitCode, await output));
    }
}
