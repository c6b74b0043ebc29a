using Qmtl.Data;
using Qmtl.Recording;

namespace Qmtl.Unit.Recording;

/// <summary>A recorder for tests: keeps what it is given as a store would, and fails when told to.</summary>
internal sealed class ScriptedRecorder : IEventRecorder
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(StreamKey Stream, long Bar), Dictionary<string, object?>> _rows = [];

    public string DisplayName { get; init; } = "scripted";

    public string Identity => DisplayName;

    public int RowsPerWrite { get; init; } = 1000;

    public bool IsDisposed { get; private set; }

    /// <summary>The frames that were taken, in order.</summary>
    public List<(StreamKey Stream, BarFrame Frame)> Taken { get; } = [];

    /// <summary>How often it was called, with failures.</summary>
    public int Calls { get; private set; }

    /// <summary>Called before each write; may throw, or wait.</summary>
    public Func<StreamKey, BarFrame, CancellationToken, Task> BeforePersist { get; set; } = (_, _, _) => Task.CompletedTask;

    /// <summary>The values that a store would hold of a bar; null where it would hold none.</summary>
    public IReadOnlyDictionary<string, object?>? Row(StreamKey stream, long bar)
    {
        lock (_gate)
        {
            return _rows.GetValueOrDefault((stream, bar));
        }
    }

    /// <summary>How many bars a store would hold.</summary>
    public int Bars
    {
        get
        {
            lock (_gate)
            {
                return _rows.Count;
            }
        }
    }

    public async Task PersistAsync(StreamKey stream, BarFrame rows, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            Calls++;
        }

        await BeforePersist(stream, rows, cancellationToken);
        lock (_gate)
        {
            Taken.Add((stream, rows));
            foreach (BarRow row in rows.Rows)
            {
                if (!_rows.TryGetValue((stream, row.Timestamp), out Dictionary<string, object?>? values))
                {
                    _rows.Add((stream, row.Timestamp), values = []);
                }

                foreach (BarColumn column in row.Columns)
                {
                    values[column.Name] = row[column.Name];
                }
            }
        }
    }

    public ValueTask DisposeAsync()
    {
        IsDisposed = true;
        return ValueTask.CompletedTask;
    }
}
