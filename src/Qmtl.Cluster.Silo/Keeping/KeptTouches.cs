using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Qmtl.Cluster.Wire;
using Qmtl.Messages;

namespace Qmtl.Cluster.Silo.Keeping;

/// <summary>
/// Sees to it that every kept stream lives: each member asks for those that belong to it, every few seconds and whenever a member comes or
/// goes. Orleans gives a stream whose member died a new place when it is asked for.
/// </summary>
internal sealed partial class KeptTouches(
    KeptShare share,
    KeepingMembers members,
    ISiloStatusOracle oracle,
    IGrainFactory grains,
    TimeProvider timeProvider,
    ILoggerFactory loggerFactory)
    : BackgroundService, ISiloStatusListener
{
    private const int AtOnce = 64;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    // What moves, or could not be asked, is asked for again soon: until then nobody keeps it.
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);

    // A stream whose member died is found a place for in less.
    private static readonly TimeSpan LongestUnkept = TimeSpan.FromSeconds(30);

    private readonly ILogger _logger = loggerFactory.CreateLogger<KeptShare>();
    private readonly ConcurrentDictionary<string, bool> _told = [];
    private readonly ConcurrentDictionary<string, long> _unkeptSince = [];
    private bool _isUnkeptTold;
    private readonly SemaphoreSlim _changed = new(0);

    /// <inheritdoc/>
    public void SiloStatusChangeNotification(SiloAddress updatedSilo, SiloStatus status)
    {
        if (_changed.CurrentCount == 0)
        {
            _changed.Release();
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _changed.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        oracle.SubscribeToSiloStatusEvents(this);
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                IReadOnlyList<SiloAddress> keeping = members.Find();
                HashSet<string> own = [.. share.Keys.Where(key => KeptPlacement.Choose(key, keeping)?.Equals(members.Own) == true)];
                foreach (string key in _unkeptSince.Keys.Where(key => !own.Contains(key)))
                {
                    _unkeptSince.TryRemove(key, out long _);
                }

                int unsettled = 0;
                await Parallel.ForEachAsync(
                    own,
                    new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = stoppingToken },
                    async (key, _) =>
                    {
                        if (await IsSettledAsync(key))
                        {
                            _unkeptSince.TryRemove(key, out long _);
                        }
                        else
                        {
                            _unkeptSince.TryAdd(key, timeProvider.GetTimestamp());
                            Interlocked.Increment(ref unsettled);
                        }
                    });
                TellOfUnkept();
                await WaitAsync(unsettled > 0 ? Soon : Interval, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Told to stop.
        }
        finally
        {
            oracle.UnSubscribeFromSiloStatusEvents(this);
        }
    }

    private async Task WaitAsync(TimeSpan interval, CancellationToken stoppingToken)
    {
        using var until = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        Task pause = Task.Delay(interval, timeProvider, until.Token);
        await Task.WhenAny(pause, _changed.WaitAsync(until.Token));
        await until.CancelAsync();
        await pause.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    // Once, until all are kept again.
    private void TellOfUnkept()
    {
        string[] unkept = [.. _unkeptSince
            .Where(pair => timeProvider.GetElapsedTime(pair.Value) >= LongestUnkept)
            .Select(pair => pair.Key)];
        if (unkept.Length > 0 && !_isUnkeptTold)
        {
            Unkept(unkept.Length, PlainText.OneLine(unkept[0]), LongestUnkept.TotalSeconds);
        }

        _isUnkeptTold = unkept.Length > 0;
    }

    private async Task<bool> IsSettledAsync(string key)
    {
        try
        {
            KeptPlace place = await grains.GetGrain<IKeptStreamGrain>(key).TouchAsync();
            if (place == KeptPlace.NotDeclared && _told.TryAdd(key, true))
            {
                NotDeclared(PlainText.OneLine(key));
            }

            return place != KeptPlace.Moving;
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            // Its member is just dying, or the list of members cannot be read.
            return false;
        }
    }

    [LoggerMessage(
        8001,
        LogLevel.Error,
        "The stream {stream} lives on a member whose declaration does not have it, so nobody keeps it. Give all members the same "
            + "declaration.",
        EventName = "cluster.not_declared")]
    private partial void NotDeclared(string stream);

    [LoggerMessage(
        8002,
        LogLevel.Warning,
        "{streams} streams that belong to this member have had no place for {seconds} s, and nobody keeps them, for example {stream}. "
            + "Look at qmtl members; a member that starts again takes its streams anew.",
        EventName = "cluster.unkept")]
    private partial void Unkept(int streams, string stream, double seconds);
}
