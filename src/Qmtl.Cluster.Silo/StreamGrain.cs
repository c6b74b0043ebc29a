using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Qmtl.Cluster.Wire;

namespace Qmtl.Cluster.Silo;

/// <inheritdoc cref="IStreamGrain"/>
/// <remarks>What is little it does itself; more it cuts into pieces, which are filled on all members while it holds the store's claim.</remarks>
[SpreadPlacement]
internal sealed class StreamGrain(MemberWork work, StreamPieces pieces) : GrainInTurns, IStreamGrain
{
    /// <inheritdoc/>
    public IAsyncEnumerable<StreamNews> CompleteAsync(StreamOrder order, CancellationToken cancellationToken = default) =>
        InTurn(token => RunAsync(order, token), cancellationToken);

    private async IAsyncEnumerable<StreamNews> RunAsync(StreamOrder order, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        CutStream? cut = await pieces.CutAsync(order, cancellationToken);
        await foreach (StreamNews news in cut is null
            ? work.CompleteAsync(order, cancellationToken)
            : pieces.CompleteAsync(cut, cancellationToken))
        {
            yield return news;
        }
    }
}

/// <inheritdoc cref="IPieceGrain"/>
[SpreadPlacement]
internal sealed class PieceGrain(MemberWork work) : GrainInTurns, IPieceGrain
{
    /// <inheritdoc/>
    public IAsyncEnumerable<StreamNews> CompleteAsync(StreamOrder order, CancellationToken cancellationToken = default) =>
        InTurn(token => work.CompleteAsync(order, token), cancellationToken);
}

/// <summary>A grain that carries out one order after the other; Orleans lets several enumerations of one grain go on side by side.</summary>
[SuppressMessage(
    "Design",
    "CA1001:Types that own disposable fields should be disposable",
    Justification = "A SemaphoreSlim whose wait handle is never taken holds nothing to release.")]
internal abstract class GrainInTurns : Grain
{
    private readonly SemaphoreSlim _turn = new(1);

    /// <summary>Runs work when what was begun before has ended.</summary>
    protected async IAsyncEnumerable<StreamNews> InTurn(
        Func<CancellationToken, IAsyncEnumerable<StreamNews>> run, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            await foreach (StreamNews news in run(cancellationToken))
            {
                yield return news;
            }
        }
        finally
        {
            _turn.Release();
        }
    }
}
