namespace Qmtl.Unit.Fixtures;

/// <summary>A test over the real candles into a real PostgreSQL; skipped with the reason where the machine lacks either.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SharedDataAndPostgreSqlFactAttribute : FactAttribute
{
    public SharedDataAndPostgreSqlFactAttribute() => Skip = new SharedDataFactAttribute().Skip ?? PostgreSqlBinaries.MissingReason;
}
