using System.Runtime.InteropServices;

namespace Qmtl.Unit.Fixtures;

/// <summary>Where this machine has PostgreSQL's server, if it has one.</summary>
public static class PostgreSqlBinaries
{
    private static readonly string[] Needed = ["initdb", "postgres", "pg_ctl"];

    /// <summary>The folder with the server's programs; null where none was found.</summary>
    public static string? Folder { get; } = Find();

    /// <summary>Why tests that need the server are skipped; null where they need not be.</summary>
    public static string? MissingReason { get; } = Folder is not null
        ? null
        : $"needs PostgreSQL's server on this machine: {string.Join(", ", Needed)} are neither on the PATH nor in /usr/lib/postgresql/*/bin";

    private static string? Find()
    {
        string extension = RuntimeInformation.IsOSPlatform(OSPlatform.Windows) ? ".exe" : string.Empty;
        IEnumerable<string> folders = (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        const string Debian = "/usr/lib/postgresql";
        if (Directory.Exists(Debian))
        {
            folders = folders.Concat(Directory.GetDirectories(Debian).OrderDescending(StringComparer.Ordinal).Select(version => Path.Combine(version, "bin")));
        }

        return folders.FirstOrDefault(folder => Needed.All(name => IsThere(Path.Combine(folder, name + extension))));
    }

    // A link whose target is gone exists, too.
    private static bool IsThere(string path) => File.Exists(path) && (File.ResolveLinkTarget(path, returnFinalTarget: true)?.Exists ?? true);
}
