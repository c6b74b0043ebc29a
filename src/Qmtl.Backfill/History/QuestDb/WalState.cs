namespace Qmtl.History.QuestDb;

/// <summary>How far a table has come with what is in its write-ahead log, as <c>wal_tables()</c> says it.</summary>
/// <param name="Applied">The last transaction that can be read.</param>
/// <param name="Committed">The last transaction that was acknowledged.</param>
/// <param name="IsSuspended">Whether the server has stopped applying transactions, after an error or on demand.</param>
/// <param name="Reason">The error's tag and message; empty where the server gives none.</param>
internal readonly record struct WalState(long Applied, long Committed, bool IsSuspended, string Reason);
