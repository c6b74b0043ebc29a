using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Fetching;

/// <summary>A source that is a function, for programs with a source of their own and for tests.</summary>
public sealed class DelegateFetcher : IDataFetcher
{
    private readonly Func<StreamKey, TimeRange, CancellationToken, Task<RawBars>> _fetch;
    private readonly Func<StreamKey, long?>? _earliestBar;

    /// <summary>A fetcher.</summary>
    /// <param name="name">The source's name, under which emptiness is remembered.</param>
    /// <param name="fetch">Answers the bars of a stream that open inside a range, both ends included; see
    /// <see cref="IDataFetcher.FetchAsync"/>. A null is no answer.</param>
    /// <param name="barsPerRequest">The most bars that one call may span; null, the default, where that is not known. See
    /// <see cref="IDataFetcher.BarsPerRequest"/>.</param>
    /// <param name="earliestBar">The open of the first bar that there can be of a stream (Unix seconds, UTC); null, the default, where that
    /// is not known.</param>
    /// <exception cref="ArgumentException">The name is blank, or the number is not positive.</exception>
    public DelegateFetcher(
        string name,
        Func<StreamKey, TimeRange, CancellationToken, Task<RawBars>> fetch,
        int? barsPerRequest = null,
        Func<StreamKey, long?>? earliestBar = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(fetch);
        ArgumentOutOfRangeException.ThrowIfLessThan(barsPerRequest ?? 1, 1, nameof(barsPerRequest));
        Name = name;
        BarsPerRequest = barsPerRequest;
        _fetch = fetch;
        _earliestBar = earliestBar;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int? BarsPerRequest { get; }

    /// <inheritdoc/>
    public long? GetEarliestBar(StreamKey stream) => _earliestBar?.Invoke(stream);

    /// <inheritdoc/>
    public Task<RawBars> FetchAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken) =>
        _fetch(stream, range, cancellationToken);
}
