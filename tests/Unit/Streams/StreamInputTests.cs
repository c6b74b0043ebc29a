using System.Reflection;
using Qmtl.Data;
using Qmtl.Recording;
using Qmtl.Streams;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Streams;

public class StreamInputTests
{
    [Fact]
    public async Task Provider_and_recorder_learn_the_stream_once()
    {
        using var folder = new TemporaryFolder();
        var provider = new ScriptedProvider();
        var recorder = new BoundRecorder();
        await using var service = new EventRecorderService(recorder, new EventRecorderOptions { SpoolFolder = folder.FullPath });

        var stream = new StreamInput(new StreamInputOptions { NodeId = "BTCUSDT", Interval = Bars.Minute, HistoryProvider = provider, EventService = service });

        Assert.Equal([stream.Key], provider.Bound);
        Assert.Equal([stream.Key], recorder.Bound);
        Assert.Same(service, stream.EventService);
        Assert.Equal("BTCUSDT 1m", stream.Key.ToString());
        Assert.Same(provider, stream.HistoryProvider);
    }

    [Theory]
    [InlineData(nameof(StreamInput.HistoryProvider))]
    [InlineData(nameof(StreamInput.EventService))]
    [InlineData(nameof(StreamInput.NodeId))]
    public void What_was_bound_cannot_be_exchanged(string property) =>
        Assert.Null(typeof(StreamInput).GetProperty(property, BindingFlags.Public | BindingFlags.Instance)!.SetMethod);

    [Theory]
    [InlineData(0)]
    [InlineData(-5)]
    public void A_period_is_at_least_one_bar(int period)
    {
        var error = Assert.ThrowsAny<ArgumentException>(() => new StreamInput(new StreamInputOptions { Interval = Bars.Minute, Period = period }));

        Assert.Contains("at least 1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_period_has_no_upper_limit() =>
        Assert.Equal(int.MaxValue, new StreamInput(new StreamInputOptions { Interval = Bars.Minute, Period = int.MaxValue }).Period);

    [Fact]
    public void A_blank_id_is_refused() =>
        Assert.ThrowsAny<ArgumentException>(() => new StreamInput(new StreamInputOptions { Interval = Bars.Minute, NodeId = " " }));

    [Fact]
    public void A_node_takes_the_shortest_interval_of_its_inputs()
    {
        var minute = new StreamInput(new StreamInputOptions { NodeId = "A", Interval = Bars.Minute });
        var hour = new StreamInput(new StreamInputOptions { NodeId = "A", Interval = BarInterval.Parse("1h") });

        Assert.Equal(Bars.Minute, new ComputeNode("both", [hour, minute], _ => 1.0).Interval);
    }

    [Fact]
    public void A_node_without_inputs_is_refused_in_words()
    {
        var error = Assert.Throws<ArgumentException>(() => new ComputeNode("lonely", [], _ => 1.0));

        Assert.Contains("'lonely' has no input", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_null_input_is_refused_in_words()
    {
        var error = Assert.Throws<ArgumentException>(() => new ComputeNode("x", [null!], _ => 1.0));

        Assert.Contains("null", error.Message, StringComparison.Ordinal);
    }

    private sealed class BoundRecorder : IEventRecorder, IStreamBound
    {
        public List<StreamKey> Bound { get; } = [];

        public string DisplayName => "bound";

        public void BindStream(StreamKey stream) => Bound.Add(stream);

        public Task PersistAsync(StreamKey stream, BarFrame rows, CancellationToken cancellationToken) => Task.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
