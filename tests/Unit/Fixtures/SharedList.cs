using System.Collections;

namespace Qmtl.Unit.Fixtures;

/// <summary>
/// A list that several threads may add to while others read it: a <see cref="List{T}"/> counts an item before it holds it, and may lose one
/// of two that come at once. Whoever goes through it sees what was there at the beginning.
/// </summary>
internal sealed class SharedList<T> : IReadOnlyList<T>
{
    private readonly Lock _gate = new();
    private readonly List<T> _items = [];

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _items.Count;
            }
        }
    }

    public T this[int index]
    {
        get
        {
            lock (_gate)
            {
                return _items[index];
            }
        }
    }

    public void Add(T item)
    {
        lock (_gate)
        {
            _items.Add(item);
        }
    }

    public void Clear()
    {
        lock (_gate)
        {
            _items.Clear();
        }
    }

    public IEnumerator<T> GetEnumerator()
    {
        lock (_gate)
        {
            return ((IEnumerable<T>)_items.ToArray()).GetEnumerator();
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
