using System.Diagnostics;
using System.Globalization;

namespace Qmtl.Unit.BadWeather;

/// <summary>A file system of its own in memory, that can fill up and be made read-only. Needs root on Linux.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("qmtl-disk-").FullName;

    public SmallDisk(int kilobytes)
    {
        try
        {
            Run("mount", "-t", "tmpfs", "-o", Size(kilobytes), "tmpfs", _folder);
        }
        catch
        {
            Directory.Delete(_folder);
            throw;
        }
    }

    /// <summary>Why tests that need such a disk are skipped; null where they need not be.</summary>
    public static string? MissingReason { get; } = Try();

    public string FullPath => _folder;

    public string File(string name) => Path.Combine(_folder, name);

    public void Grow(int kilobytes) => Run("mount", "-o", "remount," + Size(kilobytes), _folder);

    public void MakeReadOnly() => Run("mount", "-o", "remount,ro", _folder);

    public void MakeWritable() => Run("mount", "-o", "remount,rw", _folder);

    public void Dispose()
    {
        // Lazily: a server may still be closing its files.
        Run("umount", "-l", _folder);
        Directory.Delete(_folder);
    }

    /// <summary>Runs a program of the system.</summary>
    public static void Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        string output = process.StandardError.ReadToEnd() + process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new IOException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}: {output.Trim()}");
        }
    }

    private static string Size(int kilobytes) => string.Create(CultureInfo.InvariantCulture, $"size={kilobytes}k");

    private static string? Try()
    {
        const string Need = "needs a small file system of its own: ";
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
        {
            return Need + "only root on Linux can mount one";
        }

        try
        {
            new SmallDisk(64).Dispose();
            return null;
        }
        catch (Exception error) when (error is IOException or System.ComponentModel.Win32Exception)
        {
            return Need + error.Message;
        }
    }
}
