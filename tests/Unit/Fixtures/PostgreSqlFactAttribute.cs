namespace Qmtl.Unit.Fixtures;

/// <summary>A test that needs a PostgreSQL server, and is skipped with that reason where the machine has none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PostgreSqlFactAttribute : FactAttribute
{
    public PostgreSqlFactAttribute() => Skip = PostgreSqlBinaries.MissingReason;
}
