using Qmtl.Keeping;

namespace Qmtl.Cluster.Silo.Keeping;

/// <summary>
/// The streams of a declaration that live on this member. One keeper has them all, so that many new bars are still one commit; a stream
/// that comes or goes changes what the keeper is told to keep.
/// </summary>
public sealed class KeptShare
{
    // Streams come by the thousand when a member joins or dies.
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(200);

    private readonly Action<KeepDeclaration> _keep;
    private readonly TimeProvider _timeProvider;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, object> _owned = [];
    private KeepDeclaration _declaration;
    private Dictionary<string, KeptStream> _streams;
    private TaskCompletionSource? _pending;

    /// <summary>A share that holds no stream yet.</summary>
    /// <param name="declaration">What all members together keep.</param>
    /// <param name="keep">Told what this member keeps from now on (<see cref="HistoryKeeper.Reload"/>).</param>
    /// <param name="timeProvider">The clock; null for the system's.</param>
    public KeptShare(KeepDeclaration declaration, Action<KeepDeclaration> keep, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(declaration);
        (_keep, _timeProvider, _declaration) = (keep, timeProvider ?? TimeProvider.System, declaration);
        _streams = StreamsOf(declaration);
    }

    /// <summary>The keys of all streams that the members together keep.</summary>
    internal IReadOnlyCollection<string> Keys
    {
        get
        {
            lock (_gate)
            {
                return [.. _streams.Keys];
            }
        }
    }

    /// <summary>Takes another declaration, which all members should be given.</summary>
    /// <exception cref="ArgumentException">It is wrong; all stays as it was.</exception>
    public void Reload(KeepDeclaration declaration)
    {
        ArgumentNullException.ThrowIfNull(declaration);
        declaration.Validate();
        lock (_gate)
        {
            (_declaration, _streams) = (declaration, StreamsOf(declaration));
        }

        _ = ApplySoonAsync();
    }

    /// <summary>Whether the declaration has the stream.</summary>
    internal bool Has(string key)
    {
        lock (_gate)
        {
            return _streams.ContainsKey(key);
        }
    }

    /// <summary>The stream lives here from now on.</summary>
    /// <param name="key">The stream.</param>
    /// <param name="grain">What it lives in; of two, which Orleans may make for a moment, the later one.</param>
    internal void Add(string key, object grain)
    {
        lock (_gate)
        {
            bool isKnown = _owned.ContainsKey(key);
            _owned[key] = grain;
            if (isKnown)
            {
                return;
            }
        }

        _ = ApplySoonAsync();
    }

    /// <summary>
    /// The stream lives here no more, unless it lives here in another grain. Ends when the keeper has let go of it, so that it is not kept
    /// twice.
    /// </summary>
    internal Task RemoveAsync(string key, object grain)
    {
        lock (_gate)
        {
            if (!_owned.TryGetValue(key, out object? owner) || owner != grain)
            {
                return Task.CompletedTask;
            }

            _owned.Remove(key);
        }

        return ApplySoonAsync();
    }

    // The names of a declaration, which hold no secret.
    private static Dictionary<string, KeptStream> StreamsOf(KeepDeclaration declaration) => declaration.Streams.ToDictionary(
        static kept => string.Join('\u001f', kept.Store.Name, kept.Stream.Interval.Number, kept.Stream.NodeId));

    private Task ApplySoonAsync()
    {
        lock (_gate)
        {
            if (_pending is not null)
            {
                return _pending.Task;
            }

            _pending = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _ = Task.Run(ApplyAsync);
            return _pending.Task;
        }
    }

    private async Task ApplyAsync()
    {
        await Task.Delay(Gathering, _timeProvider);
        TaskCompletionSource done;
        KeepDeclaration share;
        lock (_gate)
        {
            done = _pending!;
            _pending = null;
            share = _declaration with
            {
                Streams = [.. _streams.Where(pair => _owned.ContainsKey(pair.Key)).Select(static pair => pair.Value)],
            };
        }

        try
        {
            _keep(share);
            done.SetResult();
        }
        catch (Exception error)
        {
            done.SetException(error);
        }
    }
}
