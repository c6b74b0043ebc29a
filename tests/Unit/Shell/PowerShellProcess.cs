using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Shell;

/// <summary>Runs PowerShell as a process of its own: the one of the repository's tool manifest, restored by the build.</summary>
internal static class PowerShellProcess
{
    /// <summary>Pester, as the build restored it; given to <c>Import-Module</c>.</summary>
    public static string PesterModule { get; } = Path.Combine(Metadata("PackageFolder"), "pester", Metadata("PesterVersion"), "tools", "Pester.psd1");

    private static string Program { get; } = FindProgram();

    private static string DotNet { get; } = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));

    /// <summary>Runs a script and gives its exit code and all that it wrote.</summary>
    public static async Task<(int ExitCode, string Output)> RunAsync(string script, TimeSpan timeout)
    {
        // Whatever the script leaves behind, also where it is killed, goes with this folder.
        using var temporary = new TemporaryFolder();

        // The tool's own command only launches the shell and would survive it or be survived by it; this process is the shell.
        var start = new ProcessStartInfo(Path.Combine(DotNet, "dotnet"), [Program, "-NoProfile", "-NonInteractive", "-Command", script])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                // Shells that the script starts are programs that look for .NET themselves.
                ["DOTNET_ROOT"] = DotNet,
                ["TMPDIR"] = temporary.FullPath,
                ["TEMP"] = temporary.FullPath,
                ["TMP"] = temporary.FullPath,
            },
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

    private static string Metadata(string key) =>
        typeof(PowerShellProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == key).Value!;

    private static string FindProgram()
    {
        string tools = Path.Combine(Metadata("PackageFolder"), "powershell", Metadata("PowerShellVersion"), "tools");
        string platform = OperatingSystem.IsWindows() ? "win" : "unix";
        return Directory.EnumerateDirectories(tools).Select(framework => Path.Combine(framework, "any", platform, "pwsh.dll")).Single(File.Exists);
    }
}
