using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Qmtl.Cli.Hosting;

/// <summary>
/// How many files, sockets and pipes the process may have open. Where that is too few, .NET itself fails at whatever moment it needs
/// one more, and ends or hangs without a word that helps; so it is looked at before anything else.
/// </summary>
internal static class FileLimit
{
    /// <summary>What a backfill into a store with its metrics server takes, with room to spare.</summary>
    public const ulong Needed = 256;

    // sys/resource.h: RLIMIT_NOFILE.
    private const int OpenFilesOnLinux = 7;
    private const int OpenFilesOnMac = 8;
    private const int StandardError = 2;

    /// <summary>What is wrong with the limit, as a sentence; null where it is high enough, or where there is none (Windows).</summary>
    public static string? FindProblem()
    {
        if (OperatingSystem.IsWindows()
            || GetLimit(OperatingSystem.IsMacOS() ? OpenFilesOnMac : OpenFilesOnLinux, out Limit limit) != 0
            || (ulong)limit.Current >= Needed)
        {
            return null;
        }

        return string.Create(
            CultureInfo.InvariantCulture,
            $"This process may have {(ulong)limit.Current} files open at once (ulimit -n), and needs {Needed}. Raise the limit: ulimit -n "
                + $"{Needed}.");
    }

    /// <summary>Says it on standard error, without the console, which opens files of its own.</summary>
    public static void Tell(string problem)
    {
        using var handle = new SafeFileHandle(StandardError, ownsHandle: false);
        using var error = new FileStream(handle, FileAccess.Write, bufferSize: 0);
        error.Write(Encoding.UTF8.GetBytes($"qmtl: error: {problem}{Environment.NewLine}"));
    }

    [DllImport("libc", EntryPoint = "getrlimit", ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int GetLimit(int resource, out Limit limit);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Limit
    {
        public readonly nuint Current;
        public readonly nuint Most;
    }
}
