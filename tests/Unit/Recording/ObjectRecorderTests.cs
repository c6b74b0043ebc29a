using Qmtl.History;
using Qmtl.Payloads;
using Qmtl.Recording;
using Qmtl.Time;

namespace Qmtl.Unit.Recording;

public sealed class ObjectRecorderTests : RecordingTest
{
    [Fact]
    public async Task Any_object_with_a_persist_method_is_a_recorder()
    {
        var target = new Plain();
        await using (EventRecorderService service = Open(new ObjectRecorder(target)))
        {
            service.Record(Stream, 61, 1.5);
            service.Record(Stream, 120, Payload.From(new { Signal = "buy", Size = 2L }));
            await service.FlushAsync();
            Assert.Equal("mine", service.Destination.DisplayName);
        }

        Assert.Equal(("SIGNAL", 60L, 60L, 1.5), target.Calls[0]);
        (string nodeId, long interval, long timestamp, object? payload) = target.Calls[1];
        Assert.Equal(("SIGNAL", 60L, 120L), (nodeId, interval, timestamp));
        var fields = Assert.IsType<Dictionary<string, object?>>(payload);
        Assert.Equal(("buy", 2L), (fields["signal"], fields["SIZE"]));
        Assert.True(target.IsDisposed);
    }

    [Fact]
    public async Task An_async_method_is_awaited_and_given_times_as_it_wants_them()
    {
        var target = new Asynchronous();
        await using EventRecorderService service = Open(new ObjectRecorder(target, "named"));
        service.Record(Stream, 60, 1.5);
        service.Record(Stream, 120, 2.5);
        await service.FlushAsync();
        Assert.Equal(
            [(TimeSpan.FromMinutes(1), DateTimeOffset.FromUnixTimeSeconds(60), 1.5), (TimeSpan.FromMinutes(1), DateTimeOffset.FromUnixTimeSeconds(120), 2.5)],
            target.Calls);
        Assert.Equal("named", service.Destination.DisplayName);
    }

    [Fact]
    public async Task A_network_error_of_the_object_is_waited_out_and_another_refuses_the_row()
    {
        var target = new Plain { Errors = { new HttpRequestException("down"), new FormatException("never") } };
        await using EventRecorderService service = Open(new ObjectRecorder(target));
        service.Record(Stream, 60, 1.5);
        await WhileTimePassesAsync(service.FlushAsync());
        Assert.Equal("down", Assert.Single(Events.OfType<RecorderAway>()).Error.Message);
        Assert.Equal("never", Assert.Single(Events.OfType<RecorderRowsRefused>()).Error.Message);
        service.Record(Stream, 120, 2.5);
        await service.FlushAsync();
        Assert.Equal((1, 1), (service.GetReport().Delivered, service.GetReport().Refused));
    }

    [Fact]
    public async Task An_object_of_numbers_gets_numbers_and_refuses_the_rest()
    {
        var target = new Numbers();
        await using EventRecorderService service = Open(new ObjectRecorder(target));
        service.Record(Stream, 60, 1.5);
        service.Record(Stream, 120, Payload.From("text"));
        service.Record(Stream, 180, double.NaN);
        await service.FlushAsync();
        Assert.Equal([1.5, double.NaN], target.Values);
        Assert.Equal(1, service.GetReport().Refused);
        Assert.Contains("takes numbers only", service.GetReport().LastError, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rows_beside_one_that_is_refused_come_once_each()
    {
        var target = new Picky { Refuses = timestamp => timestamp == 37 * 60 };
        await using EventRecorderService service = Open(new ObjectRecorder(target));
        service.Record(Stream, Candles(100));
        await service.FlushAsync();

        Assert.Equal(Enumerable.Range(0, 100).Select(index => index * 60L), target.Asked);
        Assert.Equal((99, 1), (service.GetReport().Delivered, service.GetReport().Refused));
        RecorderRowsRefused refused = Assert.Single(Events.OfType<RecorderRowsRefused>());
        Assert.Equal((1L, "No 2220."), (refused.Rows, refused.Error.Message));
        Assert.Contains("\"ts\":2220,", File.ReadLines(refused.File).Last(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_object_that_refuses_every_row_is_asked_once_for_each()
    {
        var target = new Picky { Refuses = _ => true };
        await using EventRecorderService service = Open(new ObjectRecorder(target));
        service.Record(Stream, Candles(500));
        await service.FlushAsync();

        Assert.Equal(Enumerable.Range(0, 500).Select(index => index * 60L), target.Asked);
        Assert.Equal(500, Assert.Single(Events.OfType<RecorderRowsRefused>()).Rows);
    }

    [Fact]
    public async Task After_an_error_that_passes_the_rest_follows_from_that_row_on()
    {
        var target = new Picky { IsAway = timestamp => timestamp == 37 * 60 };
        await using EventRecorderService service = Open(new ObjectRecorder(target));
        service.Record(Stream, Candles(100));
        await WhileTimePassesAsync(service.FlushAsync());

        Assert.Equal([.. Enumerable.Range(0, 38).Select(index => index * 60L), .. Enumerable.Range(37, 63).Select(index => index * 60L)], target.Asked);
        Assert.Equal((100, 0), (service.GetReport().Delivered, service.GetReport().Refused));
    }

    [Fact]
    public async Task A_recorder_may_say_how_many_rows_it_took_and_then_refuse_the_others_together()
    {
        var given = new List<int>();
        var recorder = new ScriptedRecorder();
        recorder.BeforePersist = (_, rows, _) =>
        {
            given.Add(rows.Count);
            return given.Count switch
            {
                1 => throw new PartlyPersistedException(60, Away),
                2 => throw new StoreException("Not these 40."),
                _ => Task.CompletedTask,
            };
        };
        await using EventRecorderService service = Open(recorder);
        service.Record(Stream, Candles(100));
        await WhileTimePassesAsync(service.FlushAsync());

        Assert.Equal([100, 40, 20, 20], given);
        Assert.Equal(Enumerable.Range(60, 40).Select(index => index * 60L), recorder.Taken.SelectMany(taken => taken.Frame.Timestamps.ToArray()));
        Assert.Equal((100, 0), (service.GetReport().Delivered, service.GetReport().Refused));
    }

    [Fact]
    public void An_object_without_such_a_method_is_refused()
    {
        string message = Assert.Throws<ArgumentException>(() => new ObjectRecorder(new Wrong())).Message;
        Assert.Contains("no public method Persist(nodeId, interval, timestamp, payload)", message, StringComparison.Ordinal);
        Assert.Contains("It has Void Persist(Int32)", message, StringComparison.Ordinal);
    }

    public sealed class Plain : IDisposable
    {
        public string Name { get; } = "mine";

        public List<Exception> Errors { get; } = [];

        public List<(string NodeId, long Interval, long Timestamp, object? Payload)> Calls { get; } = [];

        public bool IsDisposed { get; private set; }

        public void Persist(string nodeId, long interval, long timestamp, object? payload)
        {
            if (Errors.Count > 0)
            {
                Exception error = Errors[0];
                Errors.RemoveAt(0);
                throw error;
            }

            Calls.Add((nodeId, interval, timestamp, payload));
        }

        public void Dispose() => IsDisposed = true;
    }

    public sealed class Asynchronous
    {
        public List<(TimeSpan Interval, DateTimeOffset Timestamp, object? Payload)> Calls { get; } = [];

        public async Task PersistAsync(string nodeId, TimeSpan interval, DateTimeOffset timestamp, object? payload, CancellationToken cancellationToken)
        {
            await Task.Yield();
            cancellationToken.ThrowIfCancellationRequested();
            Calls.Add((interval, timestamp, payload));
        }
    }

    public sealed class Numbers
    {
        public List<double> Values { get; } = [];

        public void Persist(string nodeId, BarInterval interval, long timestamp, double payload) => Values.Add(payload);
    }

    /// <summary>Refuses some rows for good, and others when it is asked for the first time.</summary>
    public sealed class Picky
    {
        private readonly HashSet<long> _wasAway = [];

        public Func<long, bool> Refuses { get; init; } = static _ => false;

        public Func<long, bool> IsAway { get; init; } = static _ => false;

        public List<long> Asked { get; } = [];

        public void Persist(string nodeId, long interval, long timestamp, object? payload)
        {
            Asked.Add(timestamp);
            if (Refuses(timestamp))
            {
                throw new FormatException($"No {timestamp}.");
            }

            if (IsAway(timestamp) && _wasAway.Add(timestamp))
            {
                throw new TimeoutException("Not now.");
            }
        }
    }

    public sealed class Wrong
    {
        public void Persist(int number) => throw new NotSupportedException(number.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }
}
