namespace Qmtl.History.QuestDb;

/// <summary>Pieces of QuestDB's SQL.</summary>
internal static class QuestDbSql
{
    /// <summary>Text as a literal, for the functions whose arguments cannot be parameters.</summary>
    public static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
}
