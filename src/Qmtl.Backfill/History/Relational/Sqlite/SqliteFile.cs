using System.Runtime.InteropServices;
using SQLitePCL;

namespace Qmtl.History.Relational.Sqlite;

/// <summary>What SQLite knows of an open file and the driver has no call for.</summary>
internal static class SqliteFile
{
    // SQLITE_FCNTL_HAS_MOVED; see sqlite.org/c3ref/c_fcntl_begin_atomic_write.html.
    private const int HasMoved = 20;

    // unistd.h: W_OK and R_OK.
    private const int MayWrite = 2;
    private const int MayRead = 4;

    /// <summary>
    /// Whether the path leads to another file than the one that is open, or to none: one look at the directory. Always false on
    /// Windows, which does not let an open database be moved.
    /// </summary>
    public static bool IsMoved(sqlite3 database) =>
        Control(database.DangerousGetHandle(), schema: 0, HasMoved, out int isMoved) == raw.SQLITE_OK && isMoved != 0;

    /// <summary>
    /// Whether this user cannot make a file in the folder of the file; also where its file system is read-only. Not asked on Windows,
    /// where the right to it cannot be seen.
    /// </summary>
    public static bool MakesNoneBeside(string path) =>
        !OperatingSystem.IsWindows() && Path.GetDirectoryName(path) is { Length: > 0 } folder && IsRefused(folder, FileAccess.Write);

    /// <summary>Whether this user may not read, or not write, the file; also where its file system is read-only.</summary>
    public static bool IsRefused(string path, FileAccess access)
    {
        if (!OperatingSystem.IsWindows())
        {
            // Not by opening it: closing any handle of a file drops every lock that this process's SQLite connections have on it
            // (sqlite.org/howtocorrupt.html, 2.2).
            return Access(path, access == FileAccess.Read ? MayRead : MayWrite) != 0;
        }

        try
        {
            using var file = new FileStream(path, FileMode.Open, access, FileShare.ReadWrite | FileShare.Delete);
            return false;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    [DllImport("libc", EntryPoint = "access", ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Access([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int mode);

    // The library is the one that the driver brings and has loaded. Without the schema's name the main database is meant.
    [DllImport("e_sqlite3", EntryPoint = "sqlite3_file_control", ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory | DllImportSearchPath.SafeDirectories)]
    private static extern int Control(nint database, nint schema, int operation, out int result);
}
