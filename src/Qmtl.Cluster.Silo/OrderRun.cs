using Qmtl.Cluster.Wire;

namespace Qmtl.Cluster.Silo;

/// <summary>
/// Work on an order, which goes on by itself while whoever wants it has lost the way to it, and stops when nobody has asked for its news
/// for a while. News are kept until they are known to have come.
/// </summary>
internal sealed class OrderRun : IAsyncDisposable
{
    /// <summary>How long the work goes on while nobody asks: longer than a cluster needs to find that a member is gone.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    // Less than a question's patience, and by so much that a machine under load answers in time.
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(4);
    private const int MostAtOnce = 256;

    private readonly StreamOrder _order;
    private readonly TimeProvider _timeProvider;
    private readonly CancellationTokenSource _stop = new();
    private readonly ITimer _abandoned;
    private readonly Task _running;
    private readonly Lock _gate = new();
    private readonly List<StreamNews> _news = [];
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _forgotten;
    private bool _isEnd;
    private TravellingError? _error;
    private long _asked;

    /// <summary>Begins the work.</summary>
    /// <param name="order">What is to be done.</param>
    /// <param name="work">Does it, and tells of it from any thread.</param>
    /// <param name="timeProvider">The clock of patience.</param>
    public OrderRun(StreamOrder order, Func<Action<StreamNews>, CancellationToken, Task> work, TimeProvider timeProvider)
    {
        (_order, _timeProvider, _asked) = (order, timeProvider, timeProvider.GetTimestamp());
        _abandoned = timeProvider.CreateTimer(_ => Stop(), null, Patience, Timeout.InfiniteTimeSpan);

        // Elsewhere than on the grain's own scheduler, which has better to do than to commit pages.
        _running = Task.Run(() => RunAsync(work));
    }

    /// <summary>Which order it is, <see cref="StreamOrder.Id"/>.</summary>
    public Guid Order => _order.Id;

    /// <summary>What tells this work from another for the same order.</summary>
    public Guid Work { get; } = Guid.NewGuid();

    /// <summary>Whether it has ended, and nobody asks any more.</summary>
    public bool IsOver => _running.IsCompleted && _timeProvider.GetElapsedTime(_asked) > Patience;

    /// <summary>What happened after the first <paramref name="seen"/> news, up to now.</summary>
    public OrderNews Read(int seen)
    {
        _asked = _timeProvider.GetTimestamp();
        _abandoned.Change(Patience, Timeout.InfiniteTimeSpan);
        lock (_gate)
        {
            // A piece may be asked for by somebody new, when the member of its stream has died.
            if (!_order.IsPiece && seen > _forgotten)
            {
                _news.RemoveRange(0, Math.Min(seen - _forgotten, _news.Count));
                _forgotten = seen;
            }

            int first = Math.Max(seen, _forgotten);
            StreamNews[] news = [.. _news.Skip(first - _forgotten).Take(MostAtOnce)];
            return new OrderNews(Work, first, news, _isEnd && first + news.Length == Count, _error);
        }
    }

    /// <summary>The same; waits for some seconds for something to happen.</summary>
    public async ValueTask<OrderNews> ReadAsync(int seen)
    {
        Task more;
        lock (_gate)
        {
            more = _isEnd || Count > seen ? Task.CompletedTask : _more.Task;
        }

        await more.WaitAsync(LongestWait, _timeProvider).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return Read(seen);
    }

    /// <summary>Stops the work, which then ends by itself.</summary>
    public void Stop() => _stop.Cancel();

    /// <summary>Stops the work and waits for its end.</summary>
    public async ValueTask DisposeAsync()
    {
        Stop();
        await _running;
        await _abandoned.DisposeAsync();
        _stop.Dispose();
    }

    private int Count => _forgotten + _news.Count;

    private async Task RunAsync(Func<Action<StreamNews>, CancellationToken, Task> work)
    {
        Exception? failure = null;
        try
        {
            await work(Add, _stop.Token);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // What it has told is what was done.
        }
        catch (Exception error)
        {
            failure = error;
        }

        lock (_gate)
        {
            (_isEnd, _error) = (true, TravellingError.Of(failure));
            _more.TrySetResult();
        }
    }

    private void Add(StreamNews news)
    {
        lock (_gate)
        {
            // What another work committed keeps that one's mark.
            _news.Add(news is CommittedNews page && page.Work == default ? page with { Work = Work, Number = Count } : news);
            _more.TrySetResult();
            _more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }
}
