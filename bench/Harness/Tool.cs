using System.Diagnostics;

namespace Qmtl.Bench.Harness;

/// <summary>A program of the machine that the other side of a comparison runs.</summary>
internal static class Tool
{
    /// <summary>Whether the program is on PATH.</summary>
    public static bool Exists(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, name)));

    /// <summary>Runs it to its end and returns how long that took.</summary>
    public static async Task<TimeSpan> RunAsync(string name, IEnumerable<string> arguments, string input = "", IReadOnlyDictionary<string, string?>? environment = null)
    {
        var start = new ProcessStartInfo(name, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string key, string? value) in environment ?? new Dictionary<string, string?>())
        {
            start.Environment[key] = value;
        }

        long started = Stopwatch.GetTimestamp();
        using Process process = Process.Start(start) ?? throw new InvalidOperationException($"{name} did not start.");
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string error = await process.StandardError.ReadToEndAsync();
        await output;
        await process.WaitForExitAsync();
        TimeSpan elapsed = Stopwatch.GetElapsedTime(started);
        return process.ExitCode == 0 ? elapsed : throw new InvalidOperationException($"{name} ended with {process.ExitCode}: {error}");
    }

    /// <summary>Runs this program once more, in a process of its own, with its output on this one's.</summary>
    public static async Task RunSelfAsync(params string[] arguments)
    {
        // Started as `dotnet Qmtl.Bench.dll`, the process is dotnet's and needs the library named again.
        string[] host = Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [Environment.GetCommandLineArgs()[0]] : [];
        using Process process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [.. host, .. arguments]))!;
        await process.WaitForExitAsync();
    }
}
