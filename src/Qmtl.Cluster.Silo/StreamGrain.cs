using System.Diagnostics.CodeAnalysis;
using Qmtl.Cluster.Wire;

namespace Qmtl.Cluster.Silo;

/// <inheritdoc cref="IStreamGrain"/>
/// <remarks>
/// What is little it does itself; more it cuts into pieces, which are filled on all members while it holds the store's claim.
/// </remarks>
[SpreadPlacement]
internal sealed class StreamGrain(MemberWork work, StreamPieces pieces, TimeProvider timeProvider) : OrderGrain(timeProvider), IStreamGrain
{
    /// <inheritdoc/>
    protected override async Task CarryOutAsync(StreamOrder order, Action<StreamNews> tell, CancellationToken cancellationToken)
    {
        CutStream? cut = await pieces.CutAsync(order, cancellationToken);
        await (cut is null
            ? work.CompleteAsync(order, tell, cancellationToken)
            : pieces.CompleteAsync(cut, tell, cancellationToken));
    }
}

/// <inheritdoc cref="IPieceGrain"/>
[SpreadPlacement]
internal sealed class PieceGrain(MemberWork work, TimeProvider timeProvider) : OrderGrain(timeProvider), IPieceGrain
{
    /// <inheritdoc/>
    protected override Task CarryOutAsync(StreamOrder order, Action<StreamNews> tell, CancellationToken cancellationToken) =>
        work.CompleteAsync(order, tell, cancellationToken);
}

/// <summary>A grain that carries out one order after the other.</summary>
[SuppressMessage(
    "Design",
    "CA1001:Types that own disposable fields should be disposable",
    Justification = "A SemaphoreSlim whose wait handle is never taken holds nothing to release.")]
internal abstract class OrderGrain(TimeProvider timeProvider) : Grain, IOrderGrain
{
    private readonly SemaphoreSlim _turn = new(1);
    private readonly List<OrderRun> _runs = [];

    /// <inheritdoc/>
    public ValueTask<OrderNews> BeginAsync(StreamOrder order)
    {
        OrderRun? run = _runs.Find(run => run.Order == order.Id);
        if (run is null)
        {
            _runs.RemoveAll(static run => run.IsOver);
            run = new OrderRun(order, (tell, token) => InTurnAsync(order, tell, token), timeProvider);
            _runs.Add(run);
        }

        return ValueTask.FromResult(run.Read(0));
    }

    /// <inheritdoc/>
    public async ValueTask<OrderNews?> ReadAsync(Guid work, int seen) =>
        _runs.Find(run => run.Work == work) is { } run ? await run.ReadAsync(seen) : null;

    /// <inheritdoc/>
    public ValueTask StopAsync(Guid order)
    {
        _runs.Find(run => run.Order == order)?.Stop();
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) =>
        Task.WhenAll(_runs.Select(static run => run.DisposeAsync().AsTask())).WaitAsync(cancellationToken);

    /// <summary>Does what an order asks for, and tells of it.</summary>
    protected abstract Task CarryOutAsync(StreamOrder order, Action<StreamNews> tell, CancellationToken cancellationToken);

    private async Task InTurnAsync(StreamOrder order, Action<StreamNews> tell, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            await CarryOutAsync(order, tell, cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
    }
}
