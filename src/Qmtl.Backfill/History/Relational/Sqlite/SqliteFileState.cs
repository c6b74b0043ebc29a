namespace Qmtl.History.Relational.Sqlite;

/// <summary>What can be seen of a file and of the files that SQLite keeps beside it, without opening any of them.</summary>
/// <param name="Path">The file.</param>
/// <param name="Length">Its length in bytes.</param>
/// <param name="WrittenAt">When it was written to last.</param>
/// <param name="Log">The file beside it that has to be read or replayed with it; null where there is none with anything in it.</param>
internal sealed record SqliteFileState(string Path, long Length, DateTime WrittenAt, string? Log)
{
    public static SqliteFileState Of(string path)
    {
        var file = new FileInfo(path);
        string? log = new[]
        {
            path + "-wal",
            path + "-journal",
        }.FirstOrDefault(beside => new FileInfo(beside) is { Exists: true, Length: > 0 });
        return new SqliteFileState(path, file.Exists ? file.Length : 0, file.LastWriteTimeUtc, log);
    }
}
