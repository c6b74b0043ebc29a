using Qmtl.Gateway.Watching;

namespace Qmtl.Unit.Gateway;

/// <summary>What a watcher told, and waits for what it is to tell.</summary>
internal sealed class EventLog(TimeSpan patience)
{
    private readonly Lock _lock = new();
    private readonly List<GatewayEvent> _events = [];
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Add(GatewayEvent told)
    {
        lock (_lock)
        {
            _events.Add(told);
            _more.SetResult();
            _more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    public IReadOnlyList<T> All<T>()
    {
        lock (_lock)
        {
            return [.. _events.OfType<T>()];
        }
    }

    /// <summary>The first event of a type that matches; with <paramref name="number"/>, the second or a later one.</summary>
    public async Task<T> WaitAsync<T>(Func<T, bool>? match = null, int number = 1)
        where T : GatewayEvent
    {
        while (true)
        {
            Task more;
            lock (_lock)
            {
                T[] found = [.. _events.OfType<T>().Where(match ?? (static _ => true))];
                if (found.Length >= number)
                {
                    return found[number - 1];
                }

                more = _more.Task;
            }

            try
            {
                await more.WaitAsync(patience);
            }
            catch (TimeoutException)
            {
                throw new TimeoutException($"There was no {typeof(T).Name} number {number}. There was: {string.Join(Environment.NewLine, All<GatewayEvent>())}");
            }
        }
    }
}
