namespace Qmtl.Unit.Fixtures;

/// <summary>A theory that needs a PostgreSQL server, and is skipped with that reason where the machine has none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PostgreSqlTheoryAttribute : TheoryAttribute
{
    public PostgreSqlTheoryAttribute() => Skip = PostgreSqlBinaries.MissingReason;
}
