using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Qmtl.Strategies;
using Qmtl.Streams;
using Qmtl.Telemetry;
using Qmtl.Unit.Streams;

namespace Qmtl.Unit.Strategies;

/// <summary>Each way to replay tells the meter, once, how long every node took.</summary>
public sealed class ReplayDurationTests
{
    [Theory]
    [InlineData("replay", false)]
    [InlineData("callback", false)]
    [InlineData("callback", true)]
    [InlineData("enumeration", false)]
    public async Task A_replay_is_measured_once_a_node(string way, bool parallel)
    {
        // The meter is the process's, so the node's id tells this test's measurements from those of others.
        string nodeId = $"measured-{way}-{parallel}";
        StreamInput stream = Graphs.Stream("S", Bars.AtMinutes(Enumerable.Range(0, 100)));
        var pipeline = new Pipeline([new ComputeNode("sum", [stream], static view => Math.Sqrt(view["S"].Values("close")[^1]), nodeId: nodeId)], new PipelineOptions { Parallel = parallel });
        var durations = new ConcurrentQueue<double>();
        using var listener = new MeterListener
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Meter.Name == QmtlMeter.Name && instrument.Name.Contains("replay", StringComparison.Ordinal))
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<double>((_, seconds, labels, _) =>
        {
            if (labels.ToArray().Any(label => nodeId.Equals(label.Value)))
            {
                durations.Enqueue(seconds);
            }
        });
        listener.Start();

        int results = 0;
        switch (way)
        {
            case "replay":
                pipeline.Replay(_ => results++);
                break;
            case "callback":
                await pipeline.ReplayAsync(_ => results++);
                break;
            default:
                await foreach (NodeResult _ in pipeline.ReplayAsync())
                {
                    results++;
                }

                break;
        }

        Assert.Equal(100, results);
        Assert.True(Assert.Single(durations) > 0);
    }
}
