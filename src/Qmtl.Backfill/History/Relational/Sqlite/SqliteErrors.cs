using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Qmtl.History.Relational.Sqlite;

/// <summary>What SQLite's errors mean to an operator, and what to do about them.</summary>
internal sealed class SqliteErrors(string displayName, string path)
{
    /// <summary>Says why no file can be made at the path, where that is clear beforehand.</summary>
    /// <exception cref="StoreException">The path is a folder, or its folder does not exist.</exception>
    public void RequireUsablePath()
    {
        if (Directory.Exists(path))
        {
            throw IsFolder();
        }

        if (Path.GetDirectoryName(path) is { Length: > 0 } folder && !Directory.Exists(folder))
        {
            throw new StoreException($"{displayName} cannot be opened: the folder {folder} does not exist. Create it, or correct the path.")
            {
                ConcernsWholeStore = true,
            };
        }
    }

    /// <summary>Why nothing can be written, as far as that is seen without writing; null where nothing stands in the way.</summary>
    public string? FindWriteObstacle()
    {
        try
        {
            RequireUsablePath();
        }
        catch (StoreException exception)
        {
            return exception.Message;
        }

        return IsRefused(FileAccess.Write) || SqliteFile.MakesNoneBeside(path)
            ? $"{displayName} cannot be written by this user: {WhatIsReadOnly}. Make both writable, or use another file."
            : null;
    }

    /// <summary>The error of a read that would have to make files, because a log beside the file has to be replayed.</summary>
    public StoreException NeedsReplay(string log, SqliteException error) =>
        Error(
            error,
            $"cannot be read by this user: {log} holds changes that have to be brought into the file first, and neither may be written "
                + $"here. "
            + "Read it once as a user who may write to the file and its folder, or copy both into a folder that is writable and read the "
            + "copy");

    public StoreException? Translate(Exception exception) => exception switch
    {
        SqliteException error => Translate(error),
        IOException or UnauthorizedAccessException =>
            new StoreException($"{displayName} cannot be reached: {exception.Message}", exception) { ConcernsWholeStore = true },
        _ => null,
    };

    /// <summary>Why a table could not be changed, and what can be done, by SQLite's message.</summary>
    /// <param name="message">For example: error in index closes after drop column: no such column: close.</param>
    public static (string Because, string WayOut) ExplainChange(string message) =>
        Regex.Match(message, "^error in (index|view|trigger) (.+?)(?: after [a-z ]+)?: ", RegexOptions.Singleline) is { Success: true } user
            ? ($"the {user.Groups[1].Value} '{user.Groups[2].Value}' stands in the way ({message})",
                $"Drop the {user.Groups[1].Value}, run again, and make it again afterwards; or rename the column at the source")
            : ($"a rule of the table itself stands in the way ({message})",
                "Make the table anew without that rule, or rename the column at the source");

    private StoreException Translate(SqliteException error) => error.SqliteErrorCode switch
    {
        raw.SQLITE_BUSY or raw.SQLITE_LOCKED or raw.SQLITE_PROTOCOL =>
            Error(error, "is locked by another process that did not finish in time. Try again, or end that process", isTransient: true),
        raw.SQLITE_SCHEMA => Error(error, "was changed by another process just now. Try again", isTransient: true),
        raw.SQLITE_READONLY => IsReadOnly(error),
        raw.SQLITE_FULL => IsFull(error),
        raw.SQLITE_NOTADB => Error(error, "is not a SQLite database. Correct the path, or use another file"),
        raw.SQLITE_CORRUPT => Error(error, "is damaged. Restore it from a copy, or move it away and fill a new one"),
        raw.SQLITE_CANTOPEN or raw.SQLITE_IOERR when IsRefused(FileAccess.Read) =>
            Error(error, "may not be read by this user. Change the file's permissions, or run as its owner"),
        raw.SQLITE_CANTOPEN or raw.SQLITE_IOERR when HasNoRoom() => IsRefused(FileAccess.Write) ? IsReadOnlyAndFull(error) : IsFull(error),
        raw.SQLITE_CANTOPEN or raw.SQLITE_IOERR when IsRefused(FileAccess.Write) => IsReadOnly(error),
        raw.SQLITE_CANTOPEN =>
            Directory.Exists(path)
                ? IsFolder()
                : Error(error, "cannot be opened. Check the path and that this user may write to the file and its folder"),
        raw.SQLITE_PERM or raw.SQLITE_AUTH => Error(error, "may not be used by this user. Change the file's permissions"),
        raw.SQLITE_IOERR => Error(error, "cannot be read or written: the disk or the network drive reports an error. Check both"),
        raw.SQLITE_CONSTRAINT =>
            Error(
                error,
                "refused a bar because of a rule of its table that is not the library's. Remove the rule, or use another table",
                concernsWholeStore: false),
        raw.SQLITE_INTERRUPT => Error(error, "was interrupted. Try again", isTransient: true),
        _ => Error(error, "refused a request", concernsWholeStore: false),
    };

    // SQLite keeps small files of its own beside the file. Where these cannot be made it says only that, and not why.
    private bool HasNoRoom()
    {
        const long SharedMemoryFile = 32 * 1024;
        try
        {
            return new DriveInfo(Path.GetDirectoryName(path)!).AvailableFreeSpace < SharedMemoryFile;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return false;
        }
    }

    private string WhatIsReadOnly => IsRefused(FileAccess.Write) ? "the file is read-only" : "no file can be made in its folder";

    private bool IsRefused(FileAccess access) => File.Exists(path) && SqliteFile.IsRefused(path, access);

    private StoreException IsReadOnly(SqliteException error) =>
        Error(error, "is read-only, or its folder is. Make both writable, or use another file");

    private StoreException IsReadOnlyAndFull(SqliteException error) =>
        Error(
            error,
            "cannot be written: it is read-only, or its folder or its disk is, and the disk is full. Make them writable and free some "
                + "space, or use another file");

    private StoreException IsFull(SqliteException error) =>
        Error(error, "has no room left to grow: the disk is full. Free some space and run again; nothing of this write was kept");

    private StoreException IsFolder() =>
        new($"{displayName} cannot be opened: the path is a folder. Name a file in it, for example {Path.Combine(path, "history.db")}.")
        {
            ConcernsWholeStore = true,
        };

    // The driver wraps SQLite's own words: "SQLite Error 5: 'database is locked'.".
    private StoreException Error(SqliteException error, string what, bool isTransient = false, bool concernsWholeStore = true) =>
        new($"{displayName} {what} ({error.Message.TrimEnd('.')}).", error)
        {
            IsTransient = isTransient,
            ConcernsWholeStore = concernsWholeStore,
        };
}
