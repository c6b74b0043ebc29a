using System.Buffers.Binary;
using System.Globalization;

namespace Qmtl.History.Relational.Sqlite;

/// <summary>
/// The streams that are being filled, as locked files beside the store's: an empty one for a stream, and one with a list for many, which a
/// file for each would take seconds. A lock goes with its process; the file of one that was killed stays until somebody comes by.
/// </summary>
/// <remarks>Who claims holds one more file locked for as long as that takes, so that nobody looks while another is about to say.</remarks>
/// <param name="path">The store's file.</param>
internal sealed class SqliteFillClaims(string path)
{
    // What .NET says of a file that somebody else has locked.
    private const int SharingViolation = unchecked((int)0x80070020);
    private const int LinuxWouldBlock = 11;
    private const int MacWouldBlock = 35;

    private const string OfMany = "many-";

    // A claim takes a millisecond or so. Who waits longer goes on without the gate: what is claimed twice is only asked for twice.
    private const int MostTurns = 500;

    private readonly string _prefix = $"{path}-filling-";

    /// <summary>Tries to claim one stream.</summary>
    /// <returns>What gives it back; null where somebody else has it.</returns>
    public StreamClaim? TryOne(uint key, CancellationToken cancellationToken) => Guard(
        () =>
        {
            string file = FileOf(key);
            if (TryLock(file) is not { } held)
            {
                return null;
            }

            if (Listed().Contains(key))
            {
                Release(held, file);
                return null;
            }

            return new StreamClaim(() => ReleaseAsync(held, file));
        },
        StreamClaim.None,
        cancellationToken);

    /// <summary>Claims those of the streams that nobody else has.</summary>
    /// <returns>The others, and what gives back the claims.</returns>
    public (IReadOnlySet<uint> Refused, StreamClaim Claim) Many(IReadOnlySet<uint> keys, CancellationToken cancellationToken) => Guard(
        () =>
        {
            HashSet<uint> refused = Listed();
            refused.IntersectWith(keys);
            foreach (string file in Files(string.Empty))
            {
                if (uint.TryParse(file.AsSpan(_prefix.Length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint key)
                    && keys.Contains(key) && !TryRemove(file))
                {
                    refused.Add(key);
                }
            }

            return (refused, List(keys.Where(key => !refused.Contains(key))));
        },
        (new HashSet<uint>(), StreamClaim.None),
        cancellationToken);

    private static void Release(FileStream file, string name)
    {
        try
        {
            // Windows deletes no open file. Elsewhere the name goes first, so that nobody can take a lock that is about to be nobody's.
            if (OperatingSystem.IsWindows())
            {
                file.Dispose();
            }

            File.Delete(name);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Somebody has it open already, or nobody may delete here. A file that nobody has locked is in nobody's way.
        }
        finally
        {
            file.Dispose();
        }
    }

    private static ValueTask ReleaseAsync(FileStream file, string name)
    {
        Release(file, name);
        return ValueTask.CompletedTask;
    }

    // Null where somebody else has it.
    private static FileStream? TryLock(string file)
    {
        try
        {
            var held = new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
            if (IsStillNamed(held, file))
            {
                return held;
            }

            held.Dispose();
            return null;
        }
        catch (IOException error) when (error.HResult is SharingViolation or LinuxWouldBlock or MacWouldBlock)
        {
            return null;
        }
    }

    // Between the opening of a file and its locking, who had it may have deleted it: the lock is then on a file that has no name any more,
    // and somebody else may have the one of that name. A time that nothing else has, in steps that every file system keeps, tells which it
    // is.
    private static bool IsStillNamed(FileStream held, string file)
    {
        if (OperatingSystem.IsWindows())
        {
            return true;
        }

        DateTime mark = DateTime.UnixEpoch.AddSeconds(2L * Random.Shared.Next(1 << 30));
        try
        {
            File.SetLastWriteTimeUtc(held.SafeFileHandle, mark);
        }
        catch (UnauthorizedAccessException)
        {
            // Another user's leftover.
            return true;
        }

        return File.GetLastWriteTimeUtc(file) == mark;
    }

    // False where somebody has it locked, so that it is no leftover.
    private static bool TryRemove(string file)
    {
        if (TryLock(file) is not { } leftover)
        {
            return false;
        }

        Release(leftover, file);
        return true;
    }

    private string FileOf(uint key) => string.Create(CultureInfo.InvariantCulture, $"{_prefix}{key:x8}");

    private IEnumerable<string> Files(string more) => Directory.EnumerateFiles(Path.GetDirectoryName(path)!)
        .Where(file => file.StartsWith(_prefix + more, StringComparison.Ordinal));

    // All that is claimed together by anybody.
    private HashSet<uint> Listed()
    {
        var listed = new HashSet<uint>();
        foreach (string file in Files(OfMany))
        {
            if (TryRemove(file))
            {
                continue;
            }

            byte[] keys;
            try
            {
                keys = File.ReadAllBytes(file);
            }
            catch (FileNotFoundException)
            {
                // It has been given back just now: nobody has what it listed, and what the others list counts all the same.
                continue;
            }

            for (int at = 0; at + sizeof(uint) <= keys.Length; at += sizeof(uint))
            {
                listed.Add(BinaryPrimitives.ReadUInt32LittleEndian(keys.AsSpan(at)));
            }
        }

        return listed;
    }

    // Others may read it, and so it is locked against those alone who would have it for themselves.
    private StreamClaim List(IEnumerable<uint> keys)
    {
        string name = $"{_prefix}{OfMany}{Guid.NewGuid():n}";
        var file = new FileStream(name, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
        var list = new List<byte>();
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        foreach (uint key in keys)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, key);
            list.AddRange(bytes);
        }

        file.Write([.. list]);
        return new StreamClaim(() => ReleaseAsync(file, name));
    }

    private T Guard<T>(Func<T> claim, T nothing, CancellationToken cancellationToken)
    {
        string name = $"{_prefix}gate";
        try
        {
            FileStream? gate = TryLock(name);
            for (int turn = 0; gate is null && turn < MostTurns; turn++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Thread.Sleep(1);
                gate = TryLock(name);
            }

            try
            {
                return claim();
            }
            finally
            {
                if (gate is not null)
                {
                    Release(gate, name);
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Where no file can be made, nothing is said.
            return nothing;
        }
    }
}
