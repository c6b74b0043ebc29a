using Qmtl.Messages;

namespace Qmtl.Cluster.Silo;

/// <summary>The folders whose assemblies a member runs. What is asked for is inside one of them, also when links are followed, or is
/// refused.</summary>
/// <param name="folders">The folders.</param>
internal sealed class StrategyFolders(IReadOnlyList<string> folders)
{
    // As many as Linux follows before it takes them for a circle.
    private const int MostLinks = 40;

    private readonly string[] _folders = [.. folders.Select(static folder => RealOf(Path.GetFullPath(folder)))];

    /// <summary>Whether there is no folder.</summary>
    public bool IsNone => _folders.Length == 0;

    /// <summary>The whole path of an assembly's file.</summary>
    /// <param name="asked">Its path as whoever asks for it wrote it: inside a folder, or whole.</param>
    /// <exception cref="ClusterException">There is no such file in the folders.</exception>
    public string Find(string asked)
    {
        if (IsNone)
        {
            throw new ClusterException(
                $"The member {Environment.MachineName} runs no strategies. Start it with the folder that their assemblies are in: qmtl "
                    + "join --strategies.");
        }

        bool isOutside = false;
        foreach (string folder in _folders)
        {
            // A client on Windows writes its paths otherwise.
            string path = RealOf(Path.GetFullPath(asked.Replace('\\', Path.DirectorySeparatorChar), folder));
            string inside = Path.GetRelativePath(folder, path);
            isOutside = inside.Split(Path.DirectorySeparatorChar)[0] == ".." || Path.IsPathRooted(inside);
            if (!isOutside && File.Exists(path))
            {
                return path;
            }
        }

        throw new ClusterException(
            $"The member {Environment.MachineName} runs strategies of {string.Join(", ", _folders)}, and {PlainText.OneLine(asked)} is "
                + (isOutside ? "not in there. " : "no file there. ")
                + "Put it there, and name it by its path inside that folder, or by its whole path where all members have the same.");
    }

    // Where a path leads to, with no link left in it.
    private static string RealOf(string path)
    {
        string root = Path.GetPathRoot(path)!;
        string real = root;
        var left = new Stack<string>(PartsOf(path, root));
        for (int links = 0; left.TryPop(out string? part);)
        {
            string next = Path.Combine(real, part);
            FileSystemInfo entry = Directory.Exists(next) ? new DirectoryInfo(next) : new FileInfo(next);
            if (entry.LinkTarget is not { } target)
            {
                real = next;
                continue;
            }

            if (++links > MostLinks)
            {
                throw new ClusterException($"The links of {PlainText.OneLine(path)} lead in a circle. Put the file itself there.");
            }

            string leads = Path.GetFullPath(target, real);
            root = Path.GetPathRoot(leads)!;
            foreach (string further in PartsOf(leads, root))
            {
                left.Push(further);
            }

            real = root;
        }

        return real;
    }

    private static IEnumerable<string> PartsOf(string path, string root) =>
        path[root.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries).Reverse();
}
