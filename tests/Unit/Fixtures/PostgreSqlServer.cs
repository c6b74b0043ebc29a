namespace Qmtl.Unit.Fixtures;

/// <summary>The server that tests share; where the machine has none, the tests that need it are skipped.</summary>
public sealed class PostgreSqlServer : PrivatePostgreSql, IAsyncLifetime
{
    Task IAsyncLifetime.InitializeAsync() => CreateAsync();

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();
}
