using System.ComponentModel;
using System.Diagnostics;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Shell;

/// <summary>Runs <c>pwsh</c> as a process of its own, where there is one.</summary>
internal static class PowerShellProcess
{
    /// <summary>Why the Pester suite cannot run here, in one line; null where it can.</summary>
    public static string? WhyNoPester { get; } = FindWhyNoPester();

    /// <summary>Runs a script and gives its exit code and all that it wrote.</summary>
    public static async Task<(int ExitCode, string Output)> RunAsync(string script, TimeSpan timeout)
    {
        // Whatever the script leaves behind, also where it is killed, goes with this folder.
        using var temporary = new TemporaryFolder();
        var start = new ProcessStartInfo("pwsh", ["-NoProfile", "-NonInteractive", "-Command", script])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["TMPDIR"] = temporary.FullPath, ["TEMP"] = temporary.FullPath, ["TMP"] = temporary.FullPath },
        };
        using Process process = Process.Start(start)!;
        using var patience = new CancellationTokenSource(timeout);
        Task<string> output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        Task<string> errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            return (-1, $"{await output}{await errors}It did not end within {timeout}.");
        }

        return (process.ExitCode, await output + await errors);
    }

    private static string? FindWhyNoPester()
    {
        const string Script = "exit [int]((Get-Module -ListAvailable Pester).Where({ $_.Version.Major -ge 5 }).Count -eq 0)";
        try
        {
            (int exitCode, _) = Task.Run(() => RunAsync(Script, TimeSpan.FromMinutes(1))).GetAwaiter().GetResult();
            return exitCode == 0 ? null : "There is a pwsh on PATH, but no Pester 5: 'Install-PSResource Pester' brings it.";
        }
        catch (Win32Exception)
        {
            return "There is no pwsh on PATH, so the cmdlets cannot be tested in a real shell here.";
        }
    }
}
