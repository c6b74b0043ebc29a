namespace Qmtl.Data;

/// <summary>Collects how far past a whole second rows open. It takes no memory if none does, which is almost always.</summary>
internal sealed class SubSeconds
{
    private int[] _nanoseconds = [];

    /// <summary>Notes that the row of that number, from 0, opens so many nanoseconds (0 to 999,999,999) past its second.</summary>
    public void Set(int row, int nanoseconds)
    {
        if (nanoseconds == 0)
        {
            return;
        }

        if (row >= _nanoseconds.Length)
        {
            Array.Resize(ref _nanoseconds, Math.Max(row + 1, _nanoseconds.Length * 2));
        }

        _nanoseconds[row] = nanoseconds;
    }

    /// <summary>One entry a row, or none at all where every row opens on a whole second; see <see cref="RawBars.Nanoseconds"/>.</summary>
    public ReadOnlyMemory<int> Build(int rows)
    {
        if (_nanoseconds.Length > 0)
        {
            Array.Resize(ref _nanoseconds, rows);
        }

        return _nanoseconds;
    }
}
