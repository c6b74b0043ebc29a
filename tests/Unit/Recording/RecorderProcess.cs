using System.Diagnostics;
using System.Globalization;

namespace Qmtl.Unit.Recording;

/// <summary>A process that records (tests/RecorderChild), so that it can be killed.</summary>
internal sealed class RecorderProcess : IDisposable
{
    private readonly Process _process;

    private RecorderProcess(Process process) => _process = process;

    /// <summary>Starts it.</summary>
    /// <param name="mode"><c>away</c> for a destination of that identity that cannot be reached, <c>store</c> for a store.</param>
    /// <param name="destination">The identity, or the store.</param>
    /// <param name="spoolFolder">The folder of all spools.</param>
    /// <param name="first">The first row.</param>
    /// <param name="rows">How many rows.</param>
    public static RecorderProcess Start(string mode, string destination, string spoolFolder, long first, long rows)
    {
        string[] arguments = [Path.Combine(AppContext.BaseDirectory, "Qmtl.RecorderChild.dll"), mode, destination, spoolFolder, Text(first), Text(rows)];
        var start = new ProcessStartInfo("dotnet", arguments) { RedirectStandardInput = true, RedirectStandardOutput = true };
        return new RecorderProcess(Process.Start(start) ?? throw new InvalidOperationException("dotnet did not start."));
    }

    /// <summary>How many rows it said were accepted, counted from row 0: what was accepted is at least so much.</summary>
    public long Accepted { get; private set; }

    /// <summary>Reads what it says until so many rows are accepted.</summary>
    public async Task UntilAcceptedAsync(long rows)
    {
        while (Accepted < rows && await ReadAsync())
        {
        }

        Assert.True(Accepted >= rows, "The process ended before it had recorded its rows.");
    }

    /// <summary>SIGKILL: no handler runs, nothing is flushed. What it had said before is read to the end.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        while (await ReadAsync())
        {
        }

        await _process.WaitForExitAsync();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private async Task<bool> ReadAsync()
    {
        string? line = await _process.StandardOutput.ReadLineAsync();
        if (long.TryParse(line, CultureInfo.InvariantCulture, out long accepted))
        {
            Accepted = accepted;
        }

        return line is not null;
    }
}
