using Qmtl.Cluster.Wire;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Time;

namespace Qmtl.Cluster.Silo;

/// <summary>A source that is asked only when its key has a place for the request, which the whole cluster counts together.</summary>
internal class KeyPacedFetcher : IDataFetcher
{
    private readonly IDataFetcher _source;
    private readonly KeyLimit _limit;
    private readonly IKeyPaceGrain _pace;
    private readonly TimeProvider _timeProvider = TimeProvider.System;

    private KeyPacedFetcher(IDataFetcher source, KeyLimit limit, IGrainFactory grains) =>
        (_source, _limit, _pace) = (source, limit, grains.GetGrain<IKeyPaceGrain>(source.Name));

    /// <inheritdoc/>
    public string Name => _source.Name;

    /// <inheritdoc/>
    public int? BarsPerRequest => _source.BarsPerRequest;

    /// <inheritdoc/>
    public SourceReading? Reading => _source.Reading;

    /// <summary>The source, paced; one with files still has them, which no key is counted for.</summary>
    public static IDataFetcher Of(IDataFetcher source, KeyLimit limit, IGrainFactory grains) =>
        source is IBulkSource bulk ? new WithFiles(bulk, limit, grains) : new KeyPacedFetcher(source, limit, grains);

    /// <inheritdoc/>
    public string GetName(StreamKey stream) => _source.GetName(stream);

    /// <inheritdoc/>
    public int? GetBarsPerRequest(StreamKey stream, long start) => _source.GetBarsPerRequest(stream, start);

    /// <inheritdoc/>
    public SourceReach? GetReach(StreamKey stream) => _source.GetReach(stream);

    /// <inheritdoc/>
    public long? GetEarliestBar(StreamKey stream) => _source.GetEarliestBar(stream);

    /// <inheritdoc/>
    public Task<RawBars> FetchAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken) =>
        FetchPacedAsync(stream, range, static _ => { }, cancellationToken);

    /// <inheritdoc/>
    public async Task<RawBars> FetchPacedAsync(
        StreamKey stream, TimeRange range, Action<TimeSpan> onWait, CancellationToken cancellationToken)
    {
        TimeSpan delay;
        try
        {
            delay = await _pace.ReserveAsync(_limit.Requests, _limit.Window).AsTask().WaitAsync(cancellationToken);
        }
        catch (Exception error) when (error is OrleansException or TimeoutException)
        {
            throw new SourceException($"The member that counts the requests to {Name} does not answer at present.") { IsTransient = true };
        }

        if (delay > TimeSpan.Zero)
        {
            onWait(delay);
            await Task.Delay(delay, _timeProvider, cancellationToken);
        }

        return await _source.FetchPacedAsync(stream, range, onWait, cancellationToken);
    }

    private sealed class WithFiles(IBulkSource source, KeyLimit limit, IGrainFactory grains)
        : KeyPacedFetcher(source, limit, grains), IBulkSource
    {
        public IReadOnlyList<BulkFile> GetFiles(StreamKey stream, TimeRange within) => source.GetFiles(stream, within);

        public Task<RawBars> ReadFileAsync(StreamKey stream, TimeRange file, CancellationToken cancellationToken) =>
            source.ReadFileAsync(stream, file, cancellationToken);
    }
}
