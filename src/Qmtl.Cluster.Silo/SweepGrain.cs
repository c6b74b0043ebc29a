using System.Runtime.CompilerServices;
using Qmtl.Cluster.Wire;

namespace Qmtl.Cluster.Silo;

/// <inheritdoc cref="ISweepGrain"/>
[SpreadPlacement]
internal sealed class SweepGrain(SweepWork work) : Grain, ISweepGrain
{
    /// <inheritdoc/>
    public async IAsyncEnumerable<SweepNews> RunAsync(
        SweepRunOrder order, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        try
        {
            await foreach (SweepNews news in work.RunAsync(order, cancellationToken))
            {
                yield return news;
            }
        }
        finally
        {
            // It is asked once.
            DeactivateOnIdle();
        }
    }
}
