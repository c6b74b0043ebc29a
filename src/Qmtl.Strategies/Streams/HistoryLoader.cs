using Qmtl.Backfill;
using Qmtl.Caching;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Streams;

/// <summary>
/// One load of a stream's history, in one pass: what the cache has not seen yet is completed at the provider, read into the cache, and
/// what is then still absent is either known not to exist or missing. Retries are the engine's.
/// </summary>
internal sealed class HistoryLoader(StreamInput stream, IHistoryProvider provider, BackfillEngine engine, TimeProvider timeProvider)
{
    private readonly StreamKey _key = stream.Key;
    private readonly NodeCache _cache = stream.Cache;
    private readonly ProviderCalls _calls = engine.Calls(provider, stream.Key);
    private readonly TimeRangeSetBuilder _read = new(stream.Interval);
    private BackfillResult _load = null!;

    /// <summary>Loads the range. Failures end up in the result; only a cancellation is thrown.</summary>
    public async Task<BackfillResult> LoadAsync(TimeRange range, CancellationToken cancellationToken)
    {
        _load = new BackfillResult { Stream = _key, Range = range, Status = BackfillStatus.Completed };
        if (BackfillPlanner.SplitByBars(_key.Interval, [range], timeProvider.GetUtcNow()).Open is not [var bars])
        {
            return _load;
        }

        _load = _load with { Range = bars };
        TimeRangeSet wanted = new TimeRangeSet(_key.Interval, bars).Subtract(_cache.State.GetRanges(_key));
        if (wanted.IsEmpty)
        {
            return _load;
        }

        await foreach (BackfillResult part in provider.CompleteAsync(_key, [.. wanted], engine, cancellationToken))
        {
            _load = _load.Plus(part);
        }

        cancellationToken.ThrowIfCancellationRequested();
        Exception? fillFailure = _load.Error;

        // One that cannot be filled can still be read.
        _load = _load.Obstacle is null ? _load : _load with { Error = null };
        await LoadAsync(wanted, cancellationToken);
        _load = _load with
        {
            Status = _load.Error is not null ? BackfillStatus.Failed
                : _load.BarsMissing > 0 ? BackfillStatus.Partial : BackfillStatus.Completed,
            Obstacle = _load.BarsMissing > 0 ? _load.Obstacle : null,
        };
        if (_load.Error is not null && fillFailure is null)
        {
            engine.Raise(new BackfillRangeEnded(_key, _load));
        }

        return _load;
    }

    private async Task LoadAsync(TimeRangeSet wanted, CancellationToken cancellationToken)
    {
        try
        {
            TimeRangeSet absent = await ReadAsync(wanted, cancellationToken);
            TimeRangeSet empty = absent.Bounds is { } bounds
                ? await _calls.GetKnownEmptyAsync(bounds, CountRetry, cancellationToken)
                : absent;
            TimeRangeSet missing = absent.Subtract(empty);
            _cache.State.MarkComplete(_key, wanted.Subtract(missing));
            _load = _load with { BarsEmpty = absent.BarCount - missing.BarCount, BarsMissing = missing.BarCount };
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception error)
        {
            // Pages that came before it are in the cache, and the cache's state says so.
            _load = _load with { BarsEmpty = 0, BarsMissing = wanted.Subtract(_read.Build()).BarCount, Error = _load.Error ?? error };
        }
    }

    private void CountRetry() => _load = _load with { Retries = _load.Retries + 1 };

    /// <summary>Reads the newest bars that the cache can hold; gives those of the wanted that the provider does not have.</summary>
    private async Task<TimeRangeSet> ReadAsync(TimeRangeSet wanted, CancellationToken cancellationToken)
    {
        TimeRange bounds = wanted.Bounds!.Value;
        TimeRangeSet absent = TimeRangeSet.Empty(_key.Interval);
        long start = bounds.Start;
        if (bounds.CountBars(_key.Interval) > _cache.Period)
        {
            TimeRangeSet covered = await _calls.GetCoverageAsync(bounds, CountRetry, cancellationToken);
            start = StartOfNewest(covered, _cache.Period) ?? start;
            if (start > bounds.Start)
            {
                absent = wanted.Intersect(new TimeRange(bounds.Start, start - 1)).Subtract(covered);
            }
        }

        var window = new TimeRange(start, bounds.End);
        RejectedRows rejected = RejectedRows.None;
        try
        {
            await foreach (BarFrame page in _calls.ReadAsync(window, rows => rejected = rejected.Plus(rows), CountRetry, cancellationToken))
            {
                _load = _load with { BarsLoaded = _load.BarsLoaded + _cache.BackfillBulk(_key, page) };
                _read.AddTimestamps(page.Timestamps);
            }
        }
        finally
        {
            _load = _load with { Rejected = _load.Rejected.Plus(rejected) };
            if (rejected.Total > 0)
            {
                string text = $"{rejected.Total} rows of it are no bars of the stream and were left out: {rejected}";
                engine.Raise(new BackfillSourceNote(_key, provider.DisplayName, new SourceNote(SourceNoteKind.RowsLeftOut, text)));
            }
        }

        return absent.Union(wanted.Intersect(window).Subtract(_read.Build()));
    }

    private static long? StartOfNewest(TimeRangeSet covered, long count)
    {
        for (int i = covered.Count - 1; i >= 0; i--)
        {
            long bars = covered[i].CountBars(covered.Interval);
            if (bars >= count)
            {
                return covered.Interval.Add(covered[i].End, 1 - count);
            }

            count -= bars;
        }

        return null;
    }
}
