using System.Collections;

namespace Qmtl.Sweeping;

/// <summary>The results of a run in the columns that they came in: some 20 bytes for each.</summary>
internal sealed class SweepValues : IReadOnlyList<SweepValue>
{
    private readonly List<SweepPage> _pages = [];
    private readonly List<int> _starts = [];
    private readonly List<SweepNode> _nodes = [];

    /// <inheritdoc/>
    public int Count { get; private set; }

    /// <summary>The newest result of each node, in the order of the nodes.</summary>
    public IReadOnlyList<SweepValue> Last
    {
        get
        {
            var last = new SweepValue?[_nodes.Count];
            int left = last.Length;
            for (int at = Count - 1; at >= 0 && left > 0; at--)
            {
                (SweepPage page, int row) = Find(at);
                if (last[page.Nodes[row]] is null)
                {
                    (last[page.Nodes[row]], left) = (this[at], left - 1);
                }
            }

            return [.. last.Select(static value => value!.Value)];
        }
    }

    /// <inheritdoc/>
    public SweepValue this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
            (SweepPage page, int row) = Find(index);
            return new SweepValue(_nodes[page.Nodes[row]], page.Timestamps[row], page.Others?[row] ?? page.Numbers[row]);
        }
    }

    /// <summary>Takes the next page.</summary>
    public void Add(SweepPage page)
    {
        _nodes.AddRange(page.NewNodes);
        _pages.Add(page);
        _starts.Add(Count);
        Count += page.Count;
    }

    /// <inheritdoc/>
    public IEnumerator<SweepValue> GetEnumerator()
    {
        for (int at = 0; at < Count; at++)
        {
            yield return this[at];
        }
    }

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private (SweepPage Page, int Row) Find(int index)
    {
        int found = _starts.BinarySearch(index);
        int page = found >= 0 ? found : ~found - 1;
        return (_pages[page], index - _starts[page]);
    }
}
