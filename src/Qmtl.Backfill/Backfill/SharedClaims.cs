using Qmtl.Data;
using Qmtl.History;

namespace Qmtl.Backfill;

/// <summary>
/// Claims of many streams at once, which a store gives back together only. So a stream whose work has ended while that on another of its
/// group goes on can be worked on again under the same claim.
/// </summary>
/// <param name="timeProvider">The clock that says how long a stream has been refused.</param>
internal sealed class SharedClaims(TimeProvider timeProvider)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(IHistoryStore Store, StreamKey Stream), Group> _held = [];
    private readonly Dictionary<(IHistoryStore Store, StreamKey Stream), long> _refusedSince = [];

    /// <summary>Claims those of the streams that nobody else fills.</summary>
    public async Task<Taken> TakeAsync(IHistoryStore store, IReadOnlyList<StreamKey> streams, CancellationToken cancellationToken)
    {
        var taken = new Taken(this, store);
        List<StreamKey> others = [];
        lock (_gate)
        {
            foreach (StreamKey stream in streams)
            {
                if (!_held.TryGetValue((store, stream), out Group? group))
                {
                    others.Add(stream);
                }
                else if (group.AtWork.Add(stream))
                {
                    taken.Groups[stream] = group;
                }
                else
                {
                    taken.Refused.Add(stream);
                }
            }
        }

        StreamClaims claims = await ClaimAsync(store, others, cancellationToken);
        lock (_gate)
        {
            var group = new Group(claims);
            foreach (StreamKey stream in others)
            {
                if (claims.Refused.Contains(stream) && !IsLongRefused((store, stream)))
                {
                    taken.Refused.Add(stream);
                    continue;
                }

                if (!claims.Refused.Contains(stream))
                {
                    _refusedSince.Remove((store, stream));
                }

                group.AtWork.Add(stream);
                taken.Groups[stream] = group;
                if (_held.TryAdd((store, stream), group))
                {
                    group.Streams.Add((store, stream));
                }
            }

            taken.Beside.UnionWith(claims.Refused.Where(stream => !taken.Refused.Contains(stream)));
            if (group.AtWork.Count > 0)
            {
                return taken;
            }
        }

        await claims.DisposeAsync();
        return taken;
    }

    private static async Task<StreamClaims> ClaimAsync(IHistoryStore store, List<StreamKey> streams, CancellationToken cancellationToken)
    {
        try
        {
            if (streams.Count > 0)
            {
                return await store.TryClaimManyAsync(streams, cancellationToken);
            }
        }
        catch (Exception)
        {
            // What is the matter with the store is told by what it is asked next, and who is cancelled does nothing any more.
        }

        return new StreamClaims(new HashSet<StreamKey>(), StreamClaim.None);
    }

    private bool IsLongRefused((IHistoryStore Store, StreamKey Stream) stream)
    {
        _refusedSince.TryAdd(stream, timeProvider.GetTimestamp());
        return timeProvider.GetElapsedTime(_refusedSince[stream]) >= StreamBackfill.LongestClaimWait;
    }

    private async ValueTask ReturnAsync(IHistoryStore store, StreamKey stream, Group group)
    {
        lock (_gate)
        {
            group.AtWork.Remove(stream);
            if (group.AtWork.Count > 0)
            {
                return;
            }

            foreach ((IHistoryStore, StreamKey) entry in group.Streams)
            {
                _held.Remove(entry);
            }
        }

        await group.Claims.DisposeAsync();
    }

    /// <summary>What a call has claimed.</summary>
    public sealed class Taken(SharedClaims claims, IHistoryStore store)
    {
        /// <summary>The streams that another run fills, and that must not be worked on.</summary>
        public HashSet<StreamKey> Refused { get; } = [];

        /// <summary>Those that another has filled for so long that they are worked on beside it.</summary>
        public HashSet<StreamKey> Beside { get; } = [];

        internal Dictionary<StreamKey, Group> Groups { get; } = [];

        /// <summary>Says that the work on a stream has ended; of one that was not claimed it says nothing.</summary>
        public ValueTask ReturnAsync(StreamKey stream) =>
            Groups.TryGetValue(stream, out Group? group) ? claims.ReturnAsync(store, stream, group) : ValueTask.CompletedTask;
    }

    /// <summary>Streams that were claimed together.</summary>
    internal sealed class Group(StreamClaims claims)
    {
        public StreamClaims Claims => claims;

        /// <summary>Those that are worked on.</summary>
        public HashSet<StreamKey> AtWork { get; } = [];

        /// <summary>Those that can be worked on again.</summary>
        public List<(IHistoryStore, StreamKey)> Streams { get; } = [];
    }
}
