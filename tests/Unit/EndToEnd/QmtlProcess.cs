using System.Diagnostics;

namespace Qmtl.Unit.EndToEnd;

/// <summary>The built <c>qmtl</c> in a process of its own, so that it can be killed.</summary>
internal sealed class QmtlProcess : IDisposable
{
    private readonly Process _process;
    private readonly Task<string> _output;
    private readonly Task<string> _error;

    private QmtlProcess(Process process)
    {
        _process = process;
        _output = process.StandardOutput.ReadToEndAsync();
        _error = process.StandardError.ReadToEndAsync();
    }

    public static QmtlProcess Start(params IEnumerable<string> arguments) => Start(new Dictionary<string, string>(), arguments);

    /// <summary>Starts it with variables besides those of this process.</summary>
    /// <param name="environment">The variables.</param>
    /// <param name="arguments">What it is told.</param>
    /// <param name="networkNamespace">The network that it lives in; null for this process's.</param>
    public static QmtlProcess Start(
        IReadOnlyDictionary<string, string> environment, IEnumerable<string> arguments, string? networkNamespace = null)
    {
        string[] command = ["dotnet", Path.Combine(AppContext.BaseDirectory, "qmtl.dll"), .. arguments];

        // ip becomes the program, so that a signal to the one is a signal to the other.
        command = networkNamespace is null ? command : ["ip", "netns", "exec", networkNamespace, .. command];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        return new QmtlProcess(Process.Start(start) ?? throw new InvalidOperationException("dotnet did not start."));
    }

    /// <summary>Runs it to its end as a user without any rights, which only root on Linux can.</summary>
    public static async Task<(int ExitCode, string Output, string Error)> RunAsNobodyAsync(IEnumerable<string> arguments)
    {
        const string Nobody = "65534";
        var start = new ProcessStartInfo(
            "setpriv",
            ["--reuid", Nobody, "--regid", Nobody, "--clear-groups", Environment.ProcessPath!, "exec", Path.Combine(AppContext.BaseDirectory, "qmtl.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        start.Environment["HOME"] = "/";
        using var process = new QmtlProcess(Process.Start(start) ?? throw new InvalidOperationException("setpriv did not start."));
        return await process.WaitAsync();
    }

    /// <summary>How much of the machine's memory it holds at present.</summary>
    public long ResidentBytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    /// <summary>SIGKILL: no handler runs, nothing is flushed.</summary>
    public void Kill() => _process.Kill();

    /// <summary>SIGSTOP: its connections stay open, and nothing comes from it.</summary>
    public void Pause() => Signal("STOP");

    /// <summary>SIGCONT: it goes on where it was.</summary>
    public void Continue() => Signal("CONT");

    /// <summary>Sends it a signal: HUP, TERM, INT.</summary>
    public void Signal(string name) =>
        BadWeather.SmallDisk.Run("kill", $"-{name}", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>Waits for its end, two minutes at most where nothing else is said.</summary>
    public async Task<(int ExitCode, string Output, string Error)> WaitAsync(TimeSpan? longest = null)
    {
        using var patience = new CancellationTokenSource(longest ?? TimeSpan.FromMinutes(2));
        await _process.WaitForExitAsync(patience.Token);
        return (_process.ExitCode, await _output, await _error);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}
