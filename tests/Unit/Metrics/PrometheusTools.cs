using System.ComponentModel;
using System.Diagnostics;

namespace Qmtl.Unit.Metrics;

/// <summary>Prometheus's own programs, where this machine has them (Debian's package <c>prometheus</c>).</summary>
internal static class PrometheusTools
{
    /// <summary>Why tests with <c>promtool</c> are skipped; null where they need not be.</summary>
    public static string? WhyNoPromtool { get; } = WhyNo("promtool");

    /// <summary>Why tests with a server are skipped; null where they need not be.</summary>
    public static string? WhyNoServer { get; } = WhyNo("prometheus");

    /// <summary>Runs <c>promtool</c> and gives its exit code and all that it says.</summary>
    public static async Task<(int ExitCode, string Output)> RunPromtoolAsync(string input, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo("promtool", arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + errors);
    }

    private static string? WhyNo(string program)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, ["--version"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            process.WaitForExit();
            return null;
        }
        catch (Win32Exception)
        {
            return $"needs Prometheus's {program} on the PATH; Debian's package prometheus brings it";
        }
    }
}
