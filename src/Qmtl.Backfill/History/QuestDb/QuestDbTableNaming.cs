using Qmtl.History.Relational;

namespace Qmtl.History.QuestDb;

/// <summary>
/// Which table of QuestDB a stream is in: the node id, escaped where QuestDB would refuse it, and cut off only where that is too long.
/// </summary>
/// <remarks>
/// QuestDB does not tell <c>btc</c> from <c>BTC</c>, so two ids may share a table; the node id is part of every row's key.
/// </remarks>
internal sealed class QuestDbTableNaming : TableNaming
{
    // The server's own tables.
    private static readonly string[] ServerPrefixes = ["sys.", "telemetry", "_query_trace"];

    public QuestDbTableNaming(string? table)
        : base(table, QuestDbNames.MaximumCharacters, StringComparer.OrdinalIgnoreCase, ServerPrefixes)
    {
    }

    protected override bool IsUsable(string name) =>
        !IsReserved(name) && QuestDbNames.IsShortEnough(name) && QuestDbNames.EscapeTable(name) == name;

    protected override string Mapped(string nodeId)
    {
        bool escapeFirst = IsReserved(nodeId);
        string escaped = QuestDbNames.EscapeTable(nodeId, escapeFirst);
        return QuestDbNames.IsShortEnough(escaped) ? escaped : QuestDbNames.Shorten(nodeId, escapeFirst, HashOf(nodeId));
    }

    protected override string DescribeProblem(string table) => QuestDbNames.EscapeTable(table) is { } escaped && escaped != table
        ? $"is refused by QuestDB, which allows no quotes, no brackets, none of %*+,/:?\\~ and no dot or space at its ends. Choose "
            + $"another, for example '{escaped}'"
        : $"is longer than the {QuestDbNames.MaximumCharacters} characters that QuestDB keeps of a name. Choose a shorter one";
}
