using Qmtl.Metrics.Collection;
using Qmtl.Recording;
using Qmtl.Streams;
using Qmtl.Unit.Strategies;

namespace Qmtl.Unit.Recording;

/// <summary>Recorders and caches on the process's own meter. Each test has names that no other one has.</summary>
public sealed class RecorderMetricsTests : RecordingTest
{
    private readonly string _name = $"measured-{Guid.NewGuid():n}";

    [Fact]
    public async Task A_recorder_is_measured_from_its_beginning_to_after_its_end()
    {
        using var collector = new MetricsCollector();
        EventRecorderService service = Open(new ScriptedRecorder { DisplayName = _name });
        service.Record(Stream, Candles(25));
        Assert.Equal((25, 0), (Value(collector, "qmtl_recorder_queued_rows"), Value(collector, "qmtl_recorder_delivered_rows_total")));

        await service.FlushAsync();
        Assert.Equal((0, 25), (Value(collector, "qmtl_recorder_queued_rows"), Value(collector, "qmtl_recorder_delivered_rows_total")));

        await service.DisposeAsync();
        Assert.Equal(25, Value(collector, "qmtl_recorder_delivered_rows_total"));
    }

    [Fact]
    public void The_cache_of_a_node_is_measured()
    {
        using var collector = new MetricsCollector();
        StreamInput stream = Graphs.Stream(_name, Candles(100));

        Assert.Equal(stream.Cache.ResidentBytes, Value(collector, "qmtl_cache_size_bytes"));
        Assert.True(stream.Cache.ResidentBytes >= 100 * 3 * sizeof(long));
    }

    private double? Value(MetricsCollector collector, string name) => collector.Collect().Single(family => family.Name == name).Points
        .Where(point => point.Labels[0].Value == _name)
        .Select(point => (double?)point.Value)
        .SingleOrDefault();
}
