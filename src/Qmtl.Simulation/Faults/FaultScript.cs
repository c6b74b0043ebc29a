using System.Collections.Concurrent;

namespace Qmtl.Simulation.Faults;

/// <summary>
/// What is to go wrong: a queue, one entry a request, and, when it is empty, a rule. May be changed at any time, from any thread.
/// </summary>
/// <typeparam name="TRequest">What is known of a request.</typeparam>
/// <typeparam name="TFault">What can go wrong with its answer.</typeparam>
public class FaultScript<TRequest, TFault>
    where TFault : class
{
    private readonly ConcurrentQueue<TFault?> _queue = new();
    private volatile Func<TRequest, TFault?>? _rule;

    /// <summary>Asked for every request when the queue is empty; it returns what goes wrong, or null.</summary>
    /// <value>Null by default: nothing goes wrong.</value>
    public Func<TRequest, TFault?>? Rule
    {
        get => _rule;
        set => _rule = value;
    }

    /// <summary>Lets the next requests go wrong; a null entry lets one pass.</summary>
    /// <param name="fault">What goes wrong.</param>
    /// <param name="times">How many requests it happens to.</param>
    public void Enqueue(TFault? fault, int times = 1)
    {
        for (int i = 0; i < times; i++)
        {
            _queue.Enqueue(fault);
        }
    }

    /// <summary>Empties the queue and removes the rule.</summary>
    public void Clear()
    {
        _queue.Clear();
        _rule = null;
    }

    internal TFault? Next(TRequest request) =>
        _queue.TryDequeue(out TFault? fault) ? fault : _rule?.Invoke(request);
}
