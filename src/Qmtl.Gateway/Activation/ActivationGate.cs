namespace Qmtl.Gateway.Activation;

/// <summary>
/// Says whether a strategy may act, by what its gateway said last. It is closed until the gateway has said something about a
/// side, and both sides are closed while the gateway says freeze or drain for either.
/// </summary>
/// <remarks>
/// <para>May be used from any thread; reading takes no lock.</para>
/// <para>
/// A document that does not speak of freeze or drain leaves them as they are. One that repeats the <c>ts</c> and <c>etag</c> of one
/// that was known is no news: unasked it changes nothing, and as an answer it lifts no order to stop that came after it.
/// </para>
/// <para>
/// Documents can overtake one another: they come over a WebSocket and as answers to polls, from several servers, with clocks of
/// their own. So a document that is older than the latest one of its side, by its <c>ts</c>, never opens the side. It still closes
/// it: where a server's clock was set back, its order to stop must count. The next document that is as new as the latest one opens
/// it again. A document without <c>ts</c> counts as it arrives, except for the answer to a question that was asked before the side
/// last changed: that one closes only. So does an answer that the gateway says is stale.
/// </para>
/// </remarks>
public sealed class ActivationGate
{
    private const string NothingHeard = "the gateway has not said anything yet";

    private readonly Lock _lock = new();
    private readonly Side _long = new(ActivationSide.Long);
    private readonly Side _short = new(ActivationSide.Short);
    private volatile SideActivation[] _current = [Closed(ActivationSide.Long), Closed(ActivationSide.Short)];

    /// <summary>
    /// Raised when what holds for a side has changed, in order, on the thread that brought the change. It must return quickly and not
    /// throw.
    /// </summary>
    public event Action<SideActivation>? Changed;

    /// <summary>What holds for a side now.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The side is not one of long and short.</exception>
    public SideActivation this[ActivationSide side] => _current[IndexOf(side)];

    /// <summary>Whether the strategy may act on a side.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The side is not one of long and short.</exception>
    public bool IsAllowed(ActivationSide side) => this[side].Allowed;

    /// <summary>The share of its full size with which the strategy may act on a side, from 0 to 1; 0 where it may not.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The side is not one of long and short.</exception>
    public double GetWeight(ActivationSide side) => this[side].Weight;

    /// <summary>Takes what the gateway says.</summary>
    /// <param name="document">The document.</param>
    /// <returns>What became of it; where it is about both sides, the stricter of the two verdicts.</returns>
    public ActivationVerdict Apply(ActivationDocument document) => Apply(document, askedAt: null);

    /// <summary>Closes a side, or both, until the gateway says something about it again.</summary>
    /// <param name="side">The side, or both.</param>
    /// <param name="reason">Why, in a few words.</param>
    public void Close(ActivationSide side, string reason) => Close(side, reason, supersedes: false);

    /// <summary>A mark of what is known about a side now, to be given with the answer to a question that is asked now.</summary>
    internal long GetRevision(ActivationSide side)
    {
        lock (_lock)
        {
            return SideOf(side).Revision;
        }
    }

    /// <summary>Takes the answer to a question.</summary>
    /// <param name="document">The answer.</param>
    /// <param name="askedAt">What <see cref="GetRevision"/> said when it was asked; null for what the gateway says unasked.</param>
    internal ActivationVerdict Apply(ActivationDocument document, long? askedAt)
    {
        ArgumentNullException.ThrowIfNull(document);
        lock (_lock)
        {
            ActivationVerdict verdict = ActivationVerdict.Applied;
            foreach (Side side in Covered(document.Side))
            {
                ActivationVerdict one = side.Take(document, askedAt);
                verdict = one > verdict ? one : verdict;
            }

            Publish();
            return verdict;
        }
    }

    /// <summary>Takes an order to stop of which no more is known; it holds until a document comes that was not known before it.</summary>
    /// <param name="stop">The order, with <c>freeze</c> or <c>drain</c>.</param>
    internal void Stop(ActivationDocument stop)
    {
        lock (_lock)
        {
            foreach (Side side in Covered(stop.Side))
            {
                side.Stop(stop);
            }

            Publish();
        }
    }

    /// <summary>Closes a side, or both.</summary>
    /// <param name="side">The side, or both.</param>
    /// <param name="reason">Why.</param>
    /// <param name="supersedes">Whether something has changed at the gateway, so that answers to earlier questions do not open the side
    /// either.</param>
    internal void Close(ActivationSide side, string reason, bool supersedes)
    {
        lock (_lock)
        {
            foreach (Side one in Covered(side))
            {
                one.Close(reason, supersedes);
            }

            Publish();
        }
    }

    private static int IndexOf(ActivationSide side) => side is ActivationSide.Long or ActivationSide.Short
        ? (int)side
        : throw new ArgumentOutOfRangeException(nameof(side), side, "Ask for one side: Long or Short.");

    private static SideActivation Closed(ActivationSide side) => new(side, Allowed: false, Weight: 0, NothingHeard, Document: null);

    private Side SideOf(ActivationSide side) => IndexOf(side) == 0 ? _long : _short;

    private Side[] Covered(ActivationSide side) => side == ActivationSide.All ? [_long, _short] : [SideOf(side)];

    private void Publish()
    {
        SideActivation[] before = _current;
        bool stopped = _long.Stopped || _short.Stopped;
        SideActivation[] now = [_long.Describe(stopped), _short.Describe(stopped)];
        _current = now;
        foreach (SideActivation side in now)
        {
            SideActivation previous = before[(int)side.Side];
            if ((side.Allowed, side.Weight, side.Reason, side.Limits)
                != (previous.Allowed, previous.Weight, previous.Reason, previous.Limits))
            {
                Changed?.Invoke(side);
            }
        }
    }

    /// <summary>What is known about one side.</summary>
    private sealed class Side(ActivationSide name)
    {
        // A gateway that makes new tags at one instant for ever must not fill the memory.
        private const int MostTags = 32;

        // The tags of the documents of the latest time.
        private readonly List<string> _tags = [];

        private ActivationDocument? _told;
        private DateTimeOffset? _latest;
        private string? _closed = NothingHeard;
        private bool _stopUnconfirmed;

        public long Revision { get; private set; }

        public bool Stopped => _told?.Stops == true;

        public ActivationVerdict Take(ActivationDocument document, long? askedAt)
        {
            bool older = document.Timestamp < _latest || document.IsStale;
            bool overtaken = askedAt < Revision && !(document.Timestamp > _latest);
            bool known = document.Timestamp is { } timestamp && timestamp == _latest && document.ETag is { } tag && _tags.Contains(tag);
            if (known && document.Opens && (askedAt is null || _stopUnconfirmed))
            {
                return ActivationVerdict.NoNews;
            }

            if (!older && !overtaken)
            {
                Set(document, askedAt, lifts: true);
                Remember(document.Timestamp, document.ETag);
                _stopUnconfirmed &= known;
                return ActivationVerdict.Applied;
            }

            if (document.Opens)
            {
                return ActivationVerdict.IgnoredAsOlder;
            }

            Set(document, askedAt, lifts: false);
            return ActivationVerdict.ClosedByOlder;
        }

        public void Stop(ActivationDocument stop)
        {
            Set(stop, askedAt: null, lifts: false);
            if (!(stop.Timestamp < _latest))
            {
                _stopUnconfirmed = true;
                Remember(stop.Timestamp, tag: null);
            }
        }

        public void Close(string reason, bool supersedes)
        {
            _closed = reason;
            Revision += supersedes ? 1 : 0;
        }

        public SideActivation Describe(bool stopped)
        {
            string? reason = _closed
                ?? (_told is { Freeze: true } ? "frozen" : _told is { Drain: true } ? "draining" : null)
                ?? (stopped ? "the other side is frozen or draining" : _told!.Active ? null : "not active");
            return new SideActivation(name, reason is null, reason is null ? _told!.Weight : 0, reason, _told);
        }

        // What a document leaves open stays as it is, and what does not come last lifts no order to stop.
        private static bool? Order(bool? said, bool? before, bool lifts) =>
            said == true || (said == false && (lifts || before is null)) ? said : before;

        private void Set(ActivationDocument document, long? askedAt, bool lifts)
        {
            _told = document with
            {
                Freeze = Order(document.Freeze, _told?.Freeze, lifts),
                Drain = Order(document.Drain, _told?.Drain, lifts),
            };
            _closed = null;

            // Answers come one after the other; only what comes between a question and its answer can overtake it.
            Revision += askedAt is null ? 1 : 0;
        }

        private void Remember(DateTimeOffset? timestamp, string? tag)
        {
            if (timestamp is null)
            {
                return;
            }

            if (timestamp != _latest)
            {
                _latest = timestamp;
                _tags.Clear();
            }

            if (tag is not null && !_tags.Contains(tag))
            {
                _tags.RemoveRange(0, Math.Max(0, _tags.Count - MostTags + 1));
                _tags.Add(tag);
            }
        }
    }
}
