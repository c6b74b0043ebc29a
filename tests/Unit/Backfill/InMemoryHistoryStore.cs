using System.Runtime.CompilerServices;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Unit.Backfill;

/// <summary>A store for tests of the engine: keeps bars in a dictionary, counts writes, and fails when told to.</summary>
internal sealed class InMemoryHistoryStore : IHistoryStore
{
    private readonly Lock _gate = new();
    private readonly Dictionary<StreamKey, SortedDictionary<long, IReadOnlyDictionary<string, object?>>> _bars = [];
    private readonly Dictionary<(StreamKey Stream, string Source), TimeRangeSet> _empty = [];

    public StoreInfo Info => new("memory") { BarsPerWrite = BarsPerWrite };

    public int BarsPerWrite { get; init; } = 50_000;

    public int Writes { get; private set; }

    public int PagesWritten { get; private set; }

    public long BarsWritten { get; private set; }

    /// <summary>Called before each write; may throw.</summary>
    public Func<IReadOnlyList<BarPage>, CancellationToken, Task> BeforeWrite { get; set; } = (_, _) => Task.CompletedTask;

    /// <summary>Called before each question what is covered; may throw.</summary>
    public Func<Task> BeforeCoverage { get; set; } = () => Task.CompletedTask;

    public Action OnDispose { get; init; } = () => { };

    public void Seed(StreamKey stream, params long[] timestamps)
    {
        lock (_gate)
        {
            foreach (long timestamp in timestamps)
            {
                Rows(stream)[timestamp] = new Dictionary<string, object?> { ["close"] = 1.0 };
            }
        }
    }

    public long[] Stored(StreamKey stream)
    {
        lock (_gate)
        {
            return [.. Rows(stream).Keys];
        }
    }

    public IReadOnlyDictionary<string, object?> Row(StreamKey stream, long timestamp)
    {
        lock (_gate)
        {
            return Rows(stream)[timestamp];
        }
    }

    public Task<IReadOnlyList<StreamKey>> GetStreamsAsync(CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            return Task.FromResult<IReadOnlyList<StreamKey>>([.. _bars.Keys]);
        }
    }

    public async Task<TimeRangeSet> GetCoverageAsync(StreamKey stream, TimeRange? within = null, CancellationToken cancellationToken = default)
    {
        await BeforeCoverage();
        lock (_gate)
        {
            var all = TimeRangeSet.FromTimestamps(stream.Interval, Rows(stream).Keys.ToArray());
            return within is { } range ? all.Intersect(range) : all;
        }
    }

    public async IAsyncEnumerable<BarFrame> ReadAsync(StreamKey stream, TimeRange range, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await Task.Yield();
        long[] timestamps = [.. Stored(stream).Where(range.Contains)];
        yield return new BarFrame(stream.Interval, timestamps, []);
    }

    public Task<TimeRangeSet> GetKnownEmptyAsync(StreamKey stream, string? source, TimeRange? within = null, CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            TimeRangeSet known = _empty.Where(pair => pair.Key.Stream == stream && (source is null || pair.Key.Source == source))
                .Aggregate(TimeRangeSet.Empty(stream.Interval), (all, pair) => all.Union(pair.Value));
            return Task.FromResult(within is { } range ? known.Intersect(range) : known);
        }
    }

    public async Task WriteAsync(StreamKey stream, IReadOnlyList<BarPage> pages, CancellationToken cancellationToken = default)
    {
        await BeforeWrite(pages, cancellationToken);
        lock (_gate)
        {
            Writes++;
            foreach (BarPage page in pages)
            {
                PagesWritten++;
                foreach (BarRow row in page.Frame.Rows)
                {
                    BarsWritten++;
                    Rows(stream)[row.Timestamp] = row.Columns.ToDictionary(column => column.Name, column => row[column.Name]);
                }

                TimeRangeSet before = _empty.GetValueOrDefault((stream, page.Source), TimeRangeSet.Empty(stream.Interval));
                _empty[(stream, page.Source)] = before.Subtract(page.Asked).Union(page.Empty);
            }
        }
    }

    public ValueTask DisposeAsync()
    {
        OnDispose();
        return ValueTask.CompletedTask;
    }

    private SortedDictionary<long, IReadOnlyDictionary<string, object?>> Rows(StreamKey stream)
    {
        if (!_bars.TryGetValue(stream, out SortedDictionary<long, IReadOnlyDictionary<string, object?>>? rows))
        {
            _bars[stream] = rows = [];
        }

        return rows;
    }
}
