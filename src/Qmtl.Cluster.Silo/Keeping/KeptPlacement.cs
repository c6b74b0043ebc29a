using System.IO.Hashing;
using System.Text;
using Orleans.Metadata;
using Orleans.Placement;
using Orleans.Runtime.Placement;

namespace Qmtl.Cluster.Silo.Keeping;

/// <summary>
/// Puts a kept stream on the member that its key and the members' addresses choose: the same for whoever asks, even among many, and a
/// member that comes or goes moves only the streams that it takes or leaves.
/// </summary>
[GenerateSerializer]
[Alias("qmtl.kept-placement")]
public sealed class KeptPlacement : PlacementStrategy
{
    /// <summary>The member where a stream belongs.</summary>
    public static SiloAddress Choose(string key, IEnumerable<SiloAddress> members) => members.MaxBy(
        member => XxHash3.HashToUInt64(Encoding.UTF8.GetBytes($"{key}\u001f{member.ToParsableString()}")))!;
}

/// <summary>Marks a grain that is placed so.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class KeptPlacementAttribute() : PlacementAttribute(new KeptPlacement());

/// <summary>Chooses the member.</summary>
internal sealed class KeptDirector(KeepingMembers members) : IPlacementDirector
{
    /// <inheritdoc/>
    /// <remarks>
    /// Not of Orleans' compatible members, which it remembers for a while: whoever asks for a stream and whoever places it have to mean the
    /// same, or the stream would be sent to and fro.
    /// </remarks>
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context) =>
        Task.FromResult(KeptPlacement.Choose(
            target.GrainIdentity.Key.ToString()!,
            members.Find() is { Count: > 0 } keeping ? keeping : context.GetCompatibleSilos(target)));
}

/// <summary>The members that keep: those that live and whose program was started to keep, as all of them tell one another.</summary>
internal sealed class KeepingMembers(ISiloStatusOracle oracle, IClusterManifestProvider manifests)
{
    private const string Keeps = "qmtl.keeps";

    private static readonly GrainType Kept = GrainType.Create(KeptStreamGrain.TypeName);

    /// <summary>This member.</summary>
    public SiloAddress Own => oracle.SiloAddress;

    /// <summary>Who keeps now.</summary>
    public IReadOnlyList<SiloAddress> Find()
    {
        Dictionary<SiloAddress, SiloStatus> active = oracle.GetApproximateSiloStatuses(onlyActive: true);
        return
        [
            .. manifests.Current.Silos
                .Where(pair => active.ContainsKey(pair.Key)
                    && pair.Value.Grains.TryGetValue(Kept, out GrainProperties? properties)
                    && properties.Properties.ContainsKey(Keeps))
                .Select(static pair => pair.Key),
        ];
    }

    /// <summary>What a member that keeps tells of itself, with what each member tells of its grains.</summary>
    internal sealed class Sign : IGrainPropertiesProvider
    {
        /// <inheritdoc/>
        public void Populate(Type grainClass, GrainType grainType, Dictionary<string, string> properties)
        {
            if (grainType == Kept)
            {
                properties[Keeps] = bool.TrueString;
            }
        }
    }
}
