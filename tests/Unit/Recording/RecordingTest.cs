using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.Recording;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Recording;

/// <summary>
/// What tests of recording share: a spool folder of their own, a clock that only they move, and everything that was told.
/// </summary>
public abstract class RecordingTest : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private protected static BarInterval Minute { get; } = BarInterval.FromSeconds(60);

    private protected static StreamKey Stream { get; } = new("SIGNAL", Minute);

    private protected FakeTimeProvider Clock { get; } = new();

    private protected ConcurrentQueue<RecorderEvent> Events { get; } = new();

    private protected string Folder => _folder.FullPath;

    // Nothing is delivered by itself, unless the test moves the clock; nothing waits for the system's.
    private protected EventRecorderOptions Options => new() { SpoolFolder = _folder.File("spool"), ShutdownTimeout = TimeSpan.Zero, SegmentBytes = 16 * 1024 };

    private protected static StoreException Away { get; } = new("The store is away.") { IsTransient = true };

    private protected static BarFrame Candles(int count, long first = 0)
    {
        long[] timestamps = [.. Enumerable.Range(0, count).Select(index => (first + index) * 60)];
        double[] close = [.. timestamps.Select(timestamp => timestamp / 60.0)];
        return new BarFrame(Minute, timestamps, [Columns.Doubles("close", close), Columns.Longs("trades", timestamps)]);
    }

    private protected EventRecorderService Open(IEventRecorder recorder, EventRecorderOptions? options = null) =>
        new(recorder, options ?? Options, Clock, Events.Enqueue);

    /// <summary>Waits until an event of the type was told, at most a minute.</summary>
    private protected async Task<T> UntilToldAsync<T>()
        where T : RecorderEvent
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (true)
        {
            if (Events.OfType<T>().FirstOrDefault() is { } told)
            {
                return told;
            }

            await Task.Delay(1, patience.Token);
        }
    }

    /// <summary>Moves the clock on until the work is done, so that no delay keeps it.</summary>
    private protected async Task WhileTimePassesAsync(Task work, TimeSpan? step = null)
    {
        while (!work.IsCompleted)
        {
            Clock.Advance(step ?? TimeSpan.FromSeconds(1));
            await Task.WhenAny(work, Task.Delay(1));
        }

        await work;
    }

    private protected static Task OnThreadOfItsOwn(Action action) =>
        Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>
    /// Records rows of one number each, the first at 0, for a store that is away. The file that is left holds a record for each, behind one
    /// that defines them.
    /// </summary>
    private protected async Task<string> LeaveRowsAsync(int rows)
    {
        EventRecorderService service = Open(new ScriptedRecorder { BeforePersist = (_, _, _) => throw Away });
        for (int row = 0; row < rows; row++)
        {
            service.Record(Stream, row * 60, row);
        }

        await service.DisposeAsync();
        return Assert.Single(Directory.GetFiles(service.GetReport().SpoolFolder, "*.spool"));
    }

    /// <summary>Has another service deliver what is left.</summary>
    /// <returns>How many rows it took over.</returns>
    private protected async Task<long> AdoptAsync(EventRecorderOptions? options = null)
    {
        var recorder = new ScriptedRecorder();
        await using EventRecorderService service = Open(recorder, options);
        await service.FlushAsync();
        Assert.Equal(service.GetReport().Adopted, service.GetReport().Delivered);
        return service.GetReport().Adopted;
    }

    public void Dispose()
    {
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }
}
