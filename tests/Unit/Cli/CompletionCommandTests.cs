using System.Diagnostics;
using Qmtl.Cli.Commands;
using Qmtl.Unit.Fixtures;
using Qmtl.Unit.Shell;

namespace Qmtl.Unit.Cli;

/// <summary>The completion scripts, in the shells that they are for.</summary>
public sealed class CompletionCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    // What is typed, and what is offered for it.
    private readonly (string Line, string Offered)[] _lines;

    public CompletionCommandTests()
    {
        string folder = _folder.FullPath;
        File.WriteAllText(Path.Combine(folder, "bars.db"), string.Empty);
        File.WriteAllText(Path.Combine(folder, "qmtl"), $"#!/bin/sh\nexec dotnet '{Path.Combine(AppContext.BaseDirectory, "qmtl.dll")}' \"$@\"\n");
        _lines =
        [
            ("qmtl back", "backfill"),
            ("qmtl backfill --source ok", "okx okx-swap"),
            ("qmtl backfill --source okx --interval 1d", "1d 1d@16:00"),
            ("qmtl backfill --source okx --interval 1d@", "1d@16:00"),
            ($"qmtl coverage --store {folder}/ba", $"{folder}/bars.db"),
            ("qmtl backfill --start ", string.Empty),
        ];
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(Path.Combine(folder, "qmtl"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }
    }

    private string Expected => string.Join('\n', _lines.Select(static line => line.Offered)) + '\n';

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Each_shell_has_its_script_and_another_one_is_refused()
    {
        foreach ((string shell, string script) in CompletionCommand.Scripts)
        {
            CliOutcome outcome = await CliRunner.RunAsync("completion", shell);
            Assert.Equal((0, script.Trim()), (outcome.ExitCode, outcome.Output.Trim()));
        }

        CliOutcome other = await CliRunner.RunAsync("completion", "cmd");
        Assert.Equal(2, other.ExitCode);
        Assert.Contains("'bash'", other.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("qmtl history --store {0} --node ", "BTCUSDT")]
    [InlineData("qmtl history --store {0} --node BTCUSDT --interval ", "1m")]
    [InlineData("qmtl remove --store {0} --node E", "")]
    [InlineData("qmtl history --store {0}.not --node ", "")]
    [InlineData("qmtl history --store postgresql://127.0.0.1:1/none --node ", "")]
    public async Task Nodes_and_their_intervals_are_those_of_the_store(string typed, string expected)
    {
        using var folder = new CliFolder();
        await folder.WriteAsync([0]);
        string line = typed.Replace("{0}", folder.StorePath, StringComparison.Ordinal);

        CliOutcome outcome = await CliRunner.RunAsync($"[suggest:{line.Length}]", line);

        Assert.Equal(expected, outcome.Output.Trim());
        Assert.False(File.Exists(folder.StorePath + ".not"));
    }

    [ShellFact("bash")]
    public Task Lines_are_completed_in_bash() => CompleteAsync(
        "bash",
        """
        complete_line() {
            COMP_LINE=$1 COMP_POINT=${#1} COMPREPLY=()
            read -ra COMP_WORDS <<< "$1"; [[ $1 == *' ' ]] && COMP_WORDS+=('')
            COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 )); _qmtl; echo "${COMPREPLY[*]}"
        }
        source <(qmtl completion bash)
        """,
        "complete_line '{0}'");

    [ShellFact("fish")]
    public Task Lines_are_completed_in_fish() =>
        CompleteAsync("fish", "qmtl completion fish | source", "echo (complete -C '{0}')");

    [UnixTheory]
    [InlineData("(TabExpansion2 '{0}' '{0}'.Length).CompletionMatches.CompletionText -join ' ' | ForEach-Object Trim")]
    public async Task Lines_are_completed_in_PowerShell(string line)
    {
        string lines = string.Join('\n', _lines.Select(typed => line.Replace("{0}", typed.Line, StringComparison.Ordinal)));
        (int exitCode, string output) = await PowerShellProcess.RunAsync(
            $"$env:PATH = '{_folder.FullPath}:' + $env:PATH\nSet-Location '{_folder.FullPath}'\nqmtl completion pwsh | Out-String | Invoke-Expression\n{lines}",
            TimeSpan.FromMinutes(2));

        Assert.Equal((0, Expected), (exitCode, output));
    }

    private async Task CompleteAsync(string shell, string before, string line)
    {
        string script = $"{before}\n{string.Join('\n', _lines.Select(typed => line.Replace("{0}", typed.Line, StringComparison.Ordinal)))}";
        var start = new ProcessStartInfo(shell, ["-c", script]) { RedirectStandardOutput = true, WorkingDirectory = _folder.FullPath };
        start.Environment["PATH"] = $"{_folder.FullPath}:{start.Environment["PATH"]}";
        using Process process = Process.Start(start)!;

        Assert.Equal(Expected, await process.StandardOutput.ReadToEndAsync());
        await process.WaitForExitAsync();
    }

    private sealed class ShellFactAttribute : FactAttribute
    {
        public ShellFactAttribute(string shell)
        {
            bool isInstalled = Environment.GetEnvironmentVariable("PATH")!.Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, shell)));
            Skip = isInstalled ? null : $"Needs {shell}: it is not installed.";
        }
    }
}
