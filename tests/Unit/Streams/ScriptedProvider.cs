using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Recording;
using Qmtl.Time;

namespace Qmtl.Unit.Streams;

/// <summary>A provider of somebody else's that does what a test tells it to.</summary>
internal sealed class ScriptedProvider : IHistoryProvider, IStreamBound
{
    public string DisplayName => "scripted";

    /// <summary>What it says it has.</summary>
    public Func<TimeRange?, TimeRangeSet?> Coverage { get; set; } = _ => TimeRangeSet.Empty(BarInterval.FromSeconds(60));

    /// <summary>What it answers.</summary>
    public Func<TimeRange, IEnumerable<BarFrame?>?> Pages { get; set; } = _ => [];

    /// <summary>How it fills itself.</summary>
    public Action<TimeRange> Fill { get; set; } = _ => { };

    public BackfillOptions Options { get; set; } = new() { MaxRetries = 0 };

    /// <summary>What it says does not exist.</summary>
    public TimeRangeSet KnownEmpty { get; set; } = TimeRangeSet.Empty(BarInterval.FromSeconds(60));

    public List<TimeRange> Fetches { get; } = [];

    public List<TimeRange> Fills { get; } = [];

    public List<StreamKey> Bound { get; } = [];

    public int CoverageCalls { get; private set; }

    public void BindStream(StreamKey stream) => Bound.Add(stream);

    public IAsyncEnumerable<BarFrame> FetchAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken = default)
    {
        Fetches.Add(range);
        return Pages(range)?.ToAsyncEnumerable()!;
    }

    public Task<TimeRangeSet> GetCoverageAsync(StreamKey stream, TimeRange? within = null, CancellationToken cancellationToken = default)
    {
        CoverageCalls++;
        return Task.FromResult(Coverage(within)!);
    }

    public Task<TimeRangeSet> GetKnownEmptyAsync(
        StreamKey stream, string? source = null, TimeRange? within = null, CancellationToken cancellationToken = default) => Task.FromResult(KnownEmpty);

    public Task FillMissingAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken = default)
    {
        Fills.Add(range);
        Fill(range);
        return Task.CompletedTask;
    }
}
