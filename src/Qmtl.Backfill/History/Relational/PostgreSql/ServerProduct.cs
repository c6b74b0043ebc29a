using Npgsql;

namespace Qmtl.History.Relational.PostgreSql;

/// <summary>Asks a server that speaks PostgreSQL's protocol what it is.</summary>
internal sealed class ServerProduct(NpgsqlConnectionStringBuilder connection)
{
    private volatile bool _isKnownToFit;

    /// <summary>Whether the server is a QuestDB.</summary>
    public async Task<bool> IsQuestDbAsync(CancellationToken cancellationToken)
    {
        // QuestDB has no catalogue of types, and this needs none.
        await using NpgsqlDataSource dataSource = new NpgsqlDataSourceBuilder(connection.ConnectionString).ConfigureTypeLoading(types => types.EnableTypeLoading(false)).Build();
        await using NpgsqlCommand command = dataSource.CreateCommand("SELECT version()");
        return await command.ExecuteScalarAsync(cancellationToken) is string version && version.Contains("QuestDB", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Looks, after something failed, whether the server is of the other kind; null where it is not, or does not say.</summary>
    /// <param name="expected">The kind that the store was opened as.</param>
    /// <param name="failure">What the store would say of the failure.</param>
    /// <param name="displayName">The store, for the message.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    public async Task<StoreException?> FindWrongKindAsync(HistoryStoreKind expected, StoreException failure, string displayName, CancellationToken cancellationToken)
    {
        // What passes, or keeps everybody out, is no matter of the kind.
        if (_isKnownToFit || failure.IsTransient)
        {
            return null;
        }

        HistoryStoreKind actual;
        try
        {
            actual = await IsQuestDbAsync(cancellationToken) ? HistoryStoreKind.QuestDb : HistoryStoreKind.PostgreSql;
        }
        catch (Exception exception) when (exception is NpgsqlException or InvalidOperationException or NotSupportedException or IOException or TimeoutException)
        {
            return null;
        }

        _isKnownToFit = actual == expected;
        return _isKnownToFit
            ? null
            : new StoreException($"{displayName} is a {actual} server, and the store was opened as one of the kind {expected}. Choose the kind {actual}, or leave the kind out: the server is then asked.", failure)
            {
                ConcernsWholeStore = true,
            };
    }
}
