using System.Globalization;
using System.Management.Automation;
using System.Runtime.CompilerServices;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.PowerShell.Pipeline;
using Qmtl.Recording;
using Qmtl.Time;

namespace Qmtl.PowerShell.Scripting;

/// <summary>
/// A history provider made of any object with the guide's methods: <c>Fetch(start, end, nodeId, interval)</c>, where it has one
/// <c>Coverage(nodeId, interval)</c>, and, where it can fill itself, <c>FillMissing(start, end, nodeId, interval)</c>. Without Coverage, it
/// covers what it answers.
/// </summary>
internal sealed class DuckTypedHistoryProvider : IHistoryProvider, IStreamBound, IEquatable<DuckTypedHistoryProvider>
{
    private readonly DuckTypedObject _target;
    private readonly string _fetch;
    private readonly string? _coverage;
    private readonly string? _fillMissing;

    private DuckTypedHistoryProvider(DuckTypedObject target, string displayName, string fetch, string? coverage)
    {
        _target = target;
        _fetch = fetch;
        _coverage = coverage;
        _fillMissing = target.FindMethod("FillMissing", "FillMissingAsync", "fill_missing");
        DisplayName = target.GetProperty("Name") as string ?? displayName;
    }

    /// <inheritdoc/>
    public string DisplayName { get; }

    /// <inheritdoc/>
    public string? Obstacle => _fillMissing is null
        ? $"The provider {DisplayName} has no FillMissing(start, end, nodeId, interval) method, so it cannot fill missing bars"
        : null;

    /// <summary>A provider over <paramref name="target"/>, or null where it has no Fetch method.</summary>
    public static DuckTypedHistoryProvider? TryCreate(PSObject target)
    {
        var duck = new DuckTypedObject(target);
        return duck.FindAnsweringMethod("Fetch", "FetchAsync") is { } fetch
            ? new DuckTypedHistoryProvider(
                duck,
                DuckTypedObject.TypeName(target),
                fetch,
                duck.FindAnsweringMethod("Coverage", "CoverageAsync", "GetCoverage", "GetCoverageAsync"))
            : null;
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<BarFrame> FetchAsync(
        StreamKey stream, TimeRange range, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        if (range.AlignTo(stream.Interval) is not { } bars)
        {
            yield break;
        }

        RawBars raw = ScriptRows.ToRawBars(
            await CallAsync(_fetch, [bars.Start, bars.End, stream.NodeId, stream.Interval], cancellationToken));
        ValidatedBars valid = raw.Validate(stream.Interval, bars, stream.Interval.LastClosedBar(TimeProvider.System.GetUtcNow()));
        if (valid.Rejected.Total > 0)
        {
            PipelineDispatcher.Warn($"{DisplayName} gave rows of {stream} that are no bars of it and were left out: {valid.Rejected}.");
        }

        yield return valid.Frame;
    }

    /// <inheritdoc/>
    public async Task<TimeRangeSet> GetCoverageAsync(
        StreamKey stream, TimeRange? within = null, CancellationToken cancellationToken = default)
    {
        if (_coverage is null)
        {
            TimeRangeSet answered = TimeRangeSet.Empty(stream.Interval);
            await foreach (BarFrame frame in FetchAsync(stream, within ?? AskedRange.Between(null, null), cancellationToken))
            {
                answered = answered.Union(TimeRangeSet.FromTimestamps(stream.Interval, frame.Timestamps));
            }

            return answered;
        }

        IReadOnlyList<object> answer = await CallAsync(_coverage, [stream.NodeId, stream.Interval], cancellationToken);
        var covered = new TimeRangeSet(stream.Interval, CoverageAnswer.Read(answer, DisplayName));
        return within is { } range ? covered.Intersect(range) : covered;
    }

    /// <inheritdoc/>
    public async Task FillMissingAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken = default)
    {
        await CallAsync(
            _fillMissing ?? throw new InvalidOperationException($"{Obstacle}."),
            [range.Start, range.End, stream.NodeId, stream.Interval],
            cancellationToken);
    }

    /// <inheritdoc/>
    public bool Equals(DuckTypedHistoryProvider? other) => other is not null && ReferenceEquals(_target.Identity, other._target.Identity);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as DuckTypedHistoryProvider);

    /// <inheritdoc/>
    public override int GetHashCode() => RuntimeHelpers.GetHashCode(_target.Identity);

    /// <inheritdoc/>
    public void BindStream(StreamKey stream) => _target.BindStream(stream);

    /// <inheritdoc/>
    public override string ToString() => DisplayName;

    private async Task<IReadOnlyList<object>> CallAsync(string method, object[] arguments, CancellationToken cancellationToken)
    {
        try
        {
            return await _target.CallAsync(method, arguments, cancellationToken);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && exception is not SourceException)
        {
            throw ScriptFailure.ToSourceException(string.Create(CultureInfo.InvariantCulture, $"{DisplayName}.{method}"), exception);
        }
    }
}
