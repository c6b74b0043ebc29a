using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Streams.Loading;

/// <summary>One way to fill a provider and to learn which bars do not exist. It is made for one load and tries once.</summary>
internal abstract class HistoryAccess(IHistoryProvider provider, StreamKey stream)
{
    public IHistoryProvider Provider => provider;

    protected StreamKey Stream => stream;

    /// <summary>The best way to the provider: one of ours tells more than another.</summary>
    public static HistoryAccess To(IHistoryProvider provider, StreamKey stream, BackfillEngine? engine, TimeProvider timeProvider) => provider is StoreHistoryProvider own
        ? new StoreAccess(own, stream, engine ?? new BackfillEngine(own.Options, timeProvider))
        : new ProviderAccess(provider, stream, timeProvider);

    /// <summary>Has the provider filled with those of the bars that it lacks. Errors end up in the outcome; only a cancellation is thrown.</summary>
    public abstract Task<FillOutcome> FillAsync(TimeRangeSet bars, CancellationToken cancellationToken);

    /// <summary>Those of the bars, none of which was read, that do not exist.</summary>
    public abstract Task<TimeRangeSet> FindEmptyAsync(TimeRangeSet absent, CancellationToken cancellationToken);
}
