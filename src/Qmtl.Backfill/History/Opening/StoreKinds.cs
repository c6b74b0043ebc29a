using Qmtl.History.QuestDb;
using Qmtl.History.Relational.PostgreSql;
using Qmtl.History.Relational.Sqlite;

namespace Qmtl.History;

/// <summary>All kinds of stores.</summary>
internal static class StoreKinds
{
    /// <summary>What is said in place of a kind where what names the store, or the server itself, is to say it.</summary>
    public const string Auto = "Auto";

    /// <summary>Every kind; a new one needs its line here and nothing else.</summary>
    public static IReadOnlyList<StoreKind> All { get; } =
    [
        PostgreSqlHistoryStore.Kind,
        QuestDbHistoryStore.Kind,
        SqliteHistoryStore.Kind,
    ];

    /// <summary>The kind of the name; null for none or <see cref="Auto"/>.</summary>
    /// <exception cref="ArgumentException">There is no such kind.</exception>
    public static StoreKind? Find(string? name)
    {
        if (name is null || name.Equals(Auto, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        return All.FirstOrDefault(kind => kind.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? throw new ArgumentException(
                $"There is no kind of store '{name}'. There are {string.Join(", ", HistoryStoreFactory.KindNames)}.", nameof(name));
    }

    /// <summary>The kind of a server that speaks PostgreSQL's protocol, by what it says of its version.</summary>
    public static StoreKind OfServer(string version) =>
        All.FirstOrDefault(kind => kind.Product is { } product && version.Contains(product, StringComparison.OrdinalIgnoreCase))
        ?? PostgreSqlHistoryStore.Kind;

    /// <summary>Refuses options that do not go with a store of the kind.</summary>
    /// <exception cref="ArgumentException">One does not; the message says which.</exception>
    public static void Check(StoreKind kind, HistoryStoreOptions options)
    {
        if (options.HttpUri is not null && !kind.TakesHttpUri)
        {
            string takers = string.Join(" or ", All.Where(other => other.TakesHttpUri).Select(other => other.Name));
            throw new ArgumentException(
                $"An HTTP address goes with a store of the kind {takers} only, not with {kind.Name}. Leave it out, or choose that kind.",
                nameof(options));
        }

        if (options.Credential is not null && kind.IsFile)
        {
            throw new ArgumentException($"A {kind.Name} file knows neither users nor passwords. Leave them out.", nameof(options));
        }

        kind.Check(options);
    }
}
