using Qmtl.Caching;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Streams.Loading;

/// <summary>
/// One load of a stream's history, in one pass: what the cache has not seen yet is filled at the provider, read into the cache, and
/// what is then still absent is either known not to exist or missing. Nothing is tried twice here; retries are the engine's.
/// </summary>
internal sealed class HistoryLoader(StreamInput stream, HistoryAccess access, TimeProvider timeProvider)
{
    private readonly StreamKey _key = stream.Key;
    private readonly NodeCache _cache = stream.Cache;
    private readonly TimeRangeSetBuilder _read = new(stream.Interval);
    private HistoryLoad _load = new() { Stream = stream.Key };

    /// <summary>Loads the range. Failures end up in the result; only a cancellation is thrown.</summary>
    public async Task<HistoryLoad> LoadAsync(TimeRange range, CancellationToken cancellationToken)
    {
        long lastClosed = _key.Interval.LastClosedBar(timeProvider.GetUtcNow());
        if (range.Start > lastClosed || new TimeRange(range.Start, Math.Min(range.End, lastClosed)).AlignTo(_key.Interval) is not { } bars)
        {
            return _load;
        }

        _load = _load with { Range = bars };
        TimeRangeSet wanted = new TimeRangeSet(_key.Interval, bars).Subtract(_cache.State.GetRanges(_key));
        if (wanted.IsEmpty)
        {
            return _load;
        }

        FillOutcome filled = await access.FillAsync(wanted, cancellationToken);
        _load = _load with { BarsFilled = filled.BarsFilled, Requests = filled.Requests, Rejected = filled.Rejected, Error = filled.Error };
        try
        {
            TimeRangeSet absent = await ReadAsync(wanted, cancellationToken);
            Account(wanted, absent, absent.IsEmpty ? absent : await access.FindEmptyAsync(absent, cancellationToken));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception error)
        {
            // Pages that came before it are in the cache, and the cache's state says so.
            _load = _load with { BarsMissing = wanted.Subtract(_read.Build()).BarCount, Error = _load.Error ?? error };
        }

        return _load.BarsMissing > 0 ? _load with { Obstacle = filled.Obstacle } : _load;
    }

    /// <summary>Reads the newest bars that the cache can hold; gives those of the wanted that the provider does not have.</summary>
    private async Task<TimeRangeSet> ReadAsync(TimeRangeSet wanted, CancellationToken cancellationToken)
    {
        TimeRange bounds = wanted.Bounds!.Value;
        TimeRangeSet absent = TimeRangeSet.Empty(_key.Interval);
        long start = bounds.Start;
        if (bounds.CountBars(_key.Interval) > _cache.Period)
        {
            TimeRangeSet covered = await access.Provider.GetCoverageAsync(_key, bounds, cancellationToken);
            start = StartOfNewest(covered, _cache.Period) ?? start;
            if (start > bounds.Start)
            {
                absent = wanted.Intersect(new TimeRange(bounds.Start, start - 1)).Subtract(covered);
            }
        }

        var window = new TimeRange(start, bounds.End);
        var pages = new ProviderPages(access.Provider, _key, window, timeProvider);
        try
        {
            await foreach (BarFrame page in pages.ReadAsync(cancellationToken))
            {
                _load = _load with { BarsLoaded = _load.BarsLoaded + _cache.BackfillBulk(_key, page) };
                _read.AddTimestamps(page.Timestamps);
            }
        }
        finally
        {
            _load = _load with { Rejected = _load.Rejected.Plus(pages.Rejected) };
        }

        return absent.Union(wanted.Intersect(window).Subtract(_read.Build()));
    }

    private void Account(TimeRangeSet wanted, TimeRangeSet absent, TimeRangeSet knownEmpty)
    {
        TimeRangeSet missing = absent.Subtract(knownEmpty);
        _cache.State.MarkComplete(_key, wanted.Subtract(missing));
        _load = _load with { BarsEmpty = absent.BarCount - missing.BarCount, BarsMissing = missing.BarCount };
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
