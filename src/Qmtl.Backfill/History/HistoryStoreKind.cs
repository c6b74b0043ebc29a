namespace Qmtl.History;

/// <summary>The databases that hold history.</summary>
public enum HistoryStoreKind
{
    /// <summary>What the path or connection string says; for a server, whatever it says of itself when it is first asked.</summary>
    Auto,

    /// <summary>A SQLite file.</summary>
    Sqlite,

    /// <summary>A PostgreSQL database.</summary>
    PostgreSql,

    /// <summary>A QuestDB.</summary>
    QuestDb,
}
