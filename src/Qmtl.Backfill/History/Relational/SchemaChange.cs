namespace Qmtl.History.Relational;

/// <summary>A change of the schema that bars need before they can be written.</summary>
/// <param name="Store">The store, for messages.</param>
/// <param name="Table">The table of bars; null where it is made.</param>
/// <param name="Statements">What makes tables and columns.</param>
/// <param name="Widened">The columns of whole numbers that become columns of doubles, and the statement for each.</param>
internal sealed record SchemaChange(
    string Store, TableSchema? Table, IReadOnlyList<string> Statements, IReadOnlyList<(StoredColumn Column, string Sql)> Widened)
{
    /// <summary>Says that a column cannot be widened, why, and what to do instead.</summary>
    public StoreException Refuse(StoredColumn column, string because, string wayOut, Exception? cause = null) => new(
        $"Column '{column.Name}' of table '{Table!.Table}' in {Store} is of type {column.TypeName} "
        + $"and would have to hold numbers with a fraction, too; but {because}. Nothing was written. {wayOut}.",
        cause);
}
