using Npgsql;

namespace Qmtl.History.Relational.PostgreSql;

/// <summary>Asks a server that speaks PostgreSQL's protocol what it is.</summary>
internal sealed class ServerProduct(NpgsqlConnectionStringBuilder connection)
{
    private volatile bool _isKnownToFit;

    /// <summary>The kind of store that the server is.</summary>
    public async Task<StoreKind> FindKindAsync(CancellationToken cancellationToken)
    {
        // Not every server has a catalogue of types, and this needs none.
        await using NpgsqlDataSource dataSource = new NpgsqlDataSourceBuilder(connection.ConnectionString).ConfigureTypeLoading(
            types => types.EnableTypeLoading(false)).Build();
        await using NpgsqlCommand command = dataSource.CreateCommand("SELECT version()");
        return StoreKinds.OfServer(await command.ExecuteScalarAsync(cancellationToken) as string ?? string.Empty);
    }

    /// <summary>Looks, after something failed, whether the server is of the other kind; null where it is not, or does not say.</summary>
    /// <param name="expected">The kind that the store was opened as.</param>
    /// <param name="failure">What the store would say of the failure.</param>
    /// <param name="displayName">The store, for the message.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    public async Task<StoreException?> FindWrongKindAsync(
        StoreKind expected, StoreException failure, string displayName, CancellationToken cancellationToken)
    {
        // What passes, or keeps everybody out, is no matter of the kind.
        if (_isKnownToFit || failure.IsTransient)
        {
            return null;
        }

        StoreKind actual;
        try
        {
            actual = await FindKindAsync(cancellationToken);
        }
        catch (Exception exception) when (
            exception is NpgsqlException or InvalidOperationException or NotSupportedException or IOException or TimeoutException)
        {
            return null;
        }

        _isKnownToFit = actual == expected;
        return _isKnownToFit
            ? null
            : new StoreException(
                $"{displayName} is a {actual.Name} server, and the store was opened as one of the kind {expected.Name}. "
                + $"Choose the kind {actual.Name}, or leave the kind out: the server is then asked.",
                failure)
            {
                ConcernsWholeStore = true,
            };
    }
}
