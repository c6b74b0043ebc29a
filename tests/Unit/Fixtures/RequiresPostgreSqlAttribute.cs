namespace Qmtl.Unit.Fixtures;

/// <summary>Says that every test of the class needs a PostgreSQL server.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class RequiresPostgreSqlAttribute : Attribute;
