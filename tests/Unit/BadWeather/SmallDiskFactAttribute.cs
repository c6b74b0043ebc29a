using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.BadWeather;

/// <summary>A test that needs a <see cref="SmallDisk"/>, and is skipped with the reason where there can be none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SmallDiskFactAttribute : FactAttribute
{
    /// <param name="andPostgreSql">Whether it needs a PostgreSQL server, too.</param>
    public SmallDiskFactAttribute(bool andPostgreSql = false) => Skip = SmallDisk.MissingReason ?? (andPostgreSql ? PostgreSqlBinaries.MissingReason : null);
}
