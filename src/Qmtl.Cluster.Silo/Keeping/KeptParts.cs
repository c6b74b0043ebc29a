using Qmtl.History;
using Qmtl.Keeping;

namespace Qmtl.Cluster.Silo.Keeping;

/// <summary>The stores and sources of a declaration, opened for what a cluster asks of a member that keeps.</summary>
public sealed class KeptParts : IAsyncDisposable
{
    private readonly List<IHistoryStore> _opened;

    private KeptParts(MemberParts parts, List<IHistoryStore> opened) => (Parts, _opened) = (parts, opened);

    /// <summary>Nothing.</summary>
    public static KeptParts None => new(new MemberParts([], []), []);

    /// <summary>What the member can open by name.</summary>
    public MemberParts Parts { get; }

    /// <summary>Opens what a declaration names; nothing is read or made before it is used.</summary>
    /// <exception cref="ArgumentException">A store or a source cannot be opened.</exception>
    /// <exception cref="IOException">A file is not there.</exception>
    public static KeptParts Of(KeepDeclaration declaration)
    {
        ArgumentNullException.ThrowIfNull(declaration);
        IEnumerable<KeptStore> declared = declaration.Streams.Select(static kept => kept.Store).Distinct();
        List<IHistoryStore> stores = [.. declared.Select(static store => store.Open())];
        return new KeptParts(
            new MemberParts(
                stores,
                [.. declaration.Streams.Select(static kept => kept.Source).Distinct().Select(
                    static source => new MemberSource(source.Open()))]),
            [.. stores.Except(declaration.Streams.Select(static kept => kept.Store.Opened).OfType<IHistoryStore>())]);
    }

    /// <summary>Closes the stores that it opened.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (IHistoryStore store in _opened)
        {
            await store.DisposeAsync();
        }
    }
}
