namespace Qmtl.Backfill;

/// <summary>
/// Bounds the bars that an engine holds at once, over all streams: those being fetched, those waiting for the store, and those being
/// written.
/// </summary>
/// <remarks>
/// Whoever holds nothing is always given what it asks for. So a page larger than the bound goes by itself, and a stream whose
/// store is away, with its share taken up, slows the streams of other stores but stops none. The bound can be exceeded by one
/// page a stream, no more.
/// </remarks>
/// <param name="limit">The most bars.</param>
internal sealed class BarBudget(long limit)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<Claim> _waiting = [];
    private long _held;

    /// <summary>A stream's part of the budget.</summary>
    /// <param name="limit">The most bars that it takes, even where there is room for more.</param>
    public Share OpenShare(long limit) => new(this, limit);

    private bool TryTake(Share share, long bars)
    {
        if (share.Held > 0 && (share.Held + bars > share.Limit || _held + bars > limit))
        {
            return false;
        }

        share.Held += bars;
        _held += bars;
        return true;
    }

    private void Return(Share share, long bars)
    {
        share.Held -= bars;
        _held -= bars;
        for (LinkedListNode<Claim>? node = _waiting.First, next; node is not null; node = next)
        {
            next = node.Next;
            Claim claim = node.Value;
            if (TryTake(claim.Share, claim.Bars))
            {
                _waiting.Remove(node);
                claim.SetResult();
            }
        }
    }

    /// <summary>What one stream holds. Its disposal gives everything back.</summary>
    public sealed class Share(BarBudget budget, long limit) : IDisposable
    {
        internal long Limit { get; } = limit;

        internal long Held { get; set; }

        /// <summary>
        /// Waits until there is room for <paramref name="bars"/> more, and takes it. Of those who wait, the first for whom there is room
        /// goes on.
        /// </summary>
        public async ValueTask TakeAsync(long bars, CancellationToken cancellationToken)
        {
            LinkedListNode<Claim> node;
            lock (budget._gate)
            {
                if (budget.TryTake(this, bars))
                {
                    return;
                }

                node = budget._waiting.AddLast(new Claim(this, bars));
            }

            await using CancellationTokenRegistration cancelling = cancellationToken.UnsafeRegister(
                _ => Abandon(node, cancellationToken), null);
            await node.Value.Task;
        }

        /// <summary>Gives back what <see cref="TakeAsync"/> took.</summary>
        public void Return(long bars)
        {
            lock (budget._gate)
            {
                budget.Return(this, bars);
            }
        }

        public void Dispose() => Return(Held);

        private void Abandon(LinkedListNode<Claim> node, CancellationToken cancellationToken)
        {
            lock (budget._gate)
            {
                // Not in the list any more where it was served at the same moment; the claim then stands.
                if (node.List is not null)
                {
                    budget._waiting.Remove(node);
                    node.Value.SetCanceled(cancellationToken);
                }
            }
        }
    }

    private sealed class Claim(Share share, long bars) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public Share Share { get; } = share;

        public long Bars { get; } = bars;
    }
}
