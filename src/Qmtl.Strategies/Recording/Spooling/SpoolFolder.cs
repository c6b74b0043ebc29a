using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Qmtl.Recording.Spooling;

/// <summary>The folder that keeps what is on its way to one destination, for all processes of this machine that record there.</summary>
internal sealed class SpoolFolder
{
    public const string DamagedExtension = ".damaged";

    private const string SegmentExtension = ".spool";
    private const string RefusedExtension = ".refused";

    private const string DestinationFile = "destination.txt";
    private const int HashLength = 16;

    // A file lock need not hold between two handles of one process (NFS), so services of one process know one another.
    private static readonly ConcurrentDictionary<string, string> Owners = new(StringComparer.Ordinal);

    private readonly string _destination;
    private readonly string _owner;
    private int _files;

    /// <summary>The folder of a destination. Nothing is made yet.</summary>
    /// <param name="root">The folder of all spools; null for the user's.</param>
    /// <param name="destination">Where its rows go: the same text in every process.</param>
    /// <param name="started">When the service started: what it leaves is delivered in this order.</param>
    public SpoolFolder(string? root, string destination, DateTimeOffset started)
    {
        _destination = destination;
        string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(destination)))[..HashLength];
        FullPath = Path.GetFullPath(Path.Combine(root ?? DefaultRoot(), hash));
        _owner = $"{started.UtcDateTime.ToString("yyyyMMdd'T'HHmmssfff'Z'", CultureInfo.InvariantCulture)}-{Guid.NewGuid():N}";
        Owners[_owner] = FullPath;
    }

    /// <summary>Where it is.</summary>
    public string FullPath { get; }

    /// <summary>The file of this service that rows are set aside in.</summary>
    public string RefusedFile => Path.Combine(FullPath, _owner + RefusedExtension);

    /// <summary>
    /// The path of the next segment, which nobody is given again. Names sort in the order in which their rows were recorded. Any thread may
    /// ask.
    /// </summary>
    public string NextSegment()
    {
        int number = Interlocked.Increment(ref _files) - 1;
        return Path.Combine(FullPath, string.Create(CultureInfo.InvariantCulture, $"{_owner}-{number:D8}{SegmentExtension}"));
    }

    /// <summary>The segments of other processes, dead or alive, the oldest first.</summary>
    public IEnumerable<string> Segments() => Directory.Exists(FullPath)
        ? Directory.EnumerateFiles(FullPath, "*" + SegmentExtension).Where(
            path => !Owners.ContainsKey(OwnerOf(path))).Order(StringComparer.Ordinal)
        : [];

    /// <summary>Says that the service has let go of its files; they are for the next.</summary>
    public void Release() => Owners.TryRemove(_owner, out _);

    /// <summary>Makes the folder, with a file that says to people what it is for.</summary>
    public void Create()
    {
        if (Directory.Exists(FullPath))
        {
            return;
        }

        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(FullPath);
        }
        else
        {
            // What a strategy computes is nobody else's.
            Directory.CreateDirectory(FullPath, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        File.WriteAllText(Path.Combine(FullPath, DestinationFile), _destination + Environment.NewLine);
    }

    /// <summary>Removes a file; where that is not possible, it stays.</summary>
    public static void TryRemove(string path) => Try(() => File.Delete(path));

    /// <summary>Renames a file; where that is not possible, it keeps its name.</summary>
    public static void TryRename(string path, string newPath) => Try(() => File.Move(path, newPath, overwrite: true));

    private static string OwnerOf(string path)
    {
        string name = Path.GetFileName(path);
        return name[..Math.Max(0, name.LastIndexOf('-'))];
    }

    private static void Try(Action action)
    {
        try
        {
            action();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Only tidiness is lost: what is in the file is delivered, and the file says so.
        }
    }

    private static string DefaultRoot()
    {
        string? state = Environment.GetEnvironmentVariable("XDG_STATE_HOME");
        if (string.IsNullOrEmpty(state) || !Path.IsPathRooted(state))
        {
            state = OperatingSystem.IsWindows()
                ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "state");
        }

        return Path.Combine(state, "qmtl", "spool");
    }
}
