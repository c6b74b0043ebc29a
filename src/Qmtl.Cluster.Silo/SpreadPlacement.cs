using Orleans.Placement;
using Orleans.Runtime.Placement;

namespace Qmtl.Cluster.Silo;

/// <summary>
/// Puts grains on the members in turn. All that is filled at once then is spread to within a few streams, where chance leaves one member
/// with a fifth more than another.
/// </summary>
[GenerateSerializer]
[Alias("qmtl.spread")]
public sealed class SpreadPlacement : PlacementStrategy;

/// <summary>Marks a grain that is placed so.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class SpreadPlacementAttribute() : PlacementAttribute(new SpreadPlacement());

/// <summary>Chooses the member.</summary>
internal sealed class SpreadDirector : IPlacementDirector
{
    private int _next = -1;

    /// <inheritdoc/>
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        SiloAddress[] silos = [.. context.GetCompatibleSilos(target).Order()];

        // Each member places what comes to it and begins with itself, so that they do not all begin with the same one.
        uint turn = (uint)Interlocked.Increment(ref _next) + (uint)Math.Max(0, Array.IndexOf(silos, context.LocalSilo));
        return Task.FromResult(silos[turn % silos.Length]);
    }
}
