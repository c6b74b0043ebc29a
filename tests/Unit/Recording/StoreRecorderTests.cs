using Qmtl.Data;
using Qmtl.History;
using Qmtl.Payloads;
using Qmtl.Recording;
using Qmtl.Time;
using Qmtl.Unit.Backfill;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Recording;

/// <summary>From <c>Record</c> to what a store gives back.</summary>
[Collection(PostgreSqlCollection.Name)]
public sealed class StoreRecorderTests(PostgreSqlServer server) : IDisposable
{
    private static readonly StreamKey Stream = new("SIGNAL", BarInterval.FromSeconds(60));

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public Task Recorded_rows_can_be_read_from_sqlite() => RecordAndReadAsync(HistoryStoreFactory.Open(_folder.File("bars.db")));

    [PostgreSqlFact]
    public async Task Recorded_rows_can_be_read_from_postgresql() =>
        await RecordAndReadAsync(HistoryStoreFactory.Open(server.UriOf(await server.CreateDatabaseAsync())));

    [PostgreSqlFact]
    public async Task A_value_that_its_column_cannot_keep_is_set_aside_and_the_others_are_stored()
    {
        IHistoryStore store = HistoryStoreFactory.Open(server.UriOf(await server.CreateDatabaseAsync()));
        await using EventRecorderService service = Open(new StoreRecorder(store));
        service.Record(Stream, 60, 1.0);
        await service.FlushAsync();
        service.Record(Stream, 120, Payload.From("not a number"));
        service.Record(Stream, 180, 3.0);
        await service.FlushAsync();

        Assert.True((2, 1) == (service.GetReport().Delivered, service.GetReport().Refused), service.GetReport().LastError);
        Assert.Contains("cannot keep text such as not a number", service.GetReport().LastError, StringComparison.Ordinal);
        Assert.Equal([60, 180], (await ReadAsync(store)).Select(row => row.Timestamp));
        string line = File.ReadLines(Assert.Single(Directory.GetFiles(service.GetReport().SpoolFolder, "*.refused"))).Last();
        Assert.Equal("""{"node_id":"SIGNAL","interval":"1m","ts":120,"payload":{"value":"not a number"}}""", line);
    }

    [Fact]
    public async Task A_table_of_others_that_gets_new_columns_is_told_once()
    {
        var events = new System.Collections.Concurrent.ConcurrentQueue<RecorderEvent>();
        await using IHistoryStore store = HistoryStoreFactory.Open(_folder.File("bars.db"));
        await using (IHistoryStore earlier = HistoryStoreFactory.Open(_folder.File("bars.db")))
        {
            await using EventRecorderService first = Open(new StoreRecorder(earlier, ownsStore: false));
            first.Record(Stream, 60, 1.0);
            await first.FlushAsync();
        }

        await using EventRecorderService service = Open(new StoreRecorder(store, ownsStore: false), events.Enqueue);
        service.Record(Stream, Candles(2, 10));
        await service.FlushAsync();
        service.Record(Stream, Candles(12, 10));
        await service.FlushAsync();

        string warning = Assert.Single(events.OfType<RecorderWarned>()).Warning;
        Assert.StartsWith($"The table 'SIGNAL' in {store.Info.DisplayName} had no column", warning, StringComparison.Ordinal);
    }

    [PostgreSqlFact]
    public async Task A_postgresql_that_stops_and_starts_again_loses_nothing()
    {
        await using var own = new PrivatePostgreSql();
        await own.CreateAsync();
        var events = new System.Collections.Concurrent.ConcurrentQueue<RecorderEvent>();
        IHistoryStore store = HistoryStoreFactory.Open(own.UriOf("postgres"));
        await using EventRecorderService service = Open(new StoreRecorder(store), events.Enqueue);
        service.Record(Stream, Candles(0, 1000));
        await service.FlushAsync();

        await own.StopAsync(immediately: true);
        service.Record(Stream, Candles(1000, 1000));
        Task flushed = service.FlushAsync();
        while (!service.GetReport().IsAway)
        {
            await Task.Delay(1);
        }

        service.Record(Stream, Candles(2000, 1000));
        RecorderReport away = service.GetReport();
        Assert.Equal((2000, 2000, 1000), (away.Queued, away.SpooledRows, away.Delivered));
        Assert.DoesNotContain(PrivatePostgreSql.Password, away.ToString(), StringComparison.Ordinal);
        await own.StartAsync();
        await flushed;
        await service.FlushAsync();

        Assert.Equal((3000, 0, 0, 0, false), (service.GetReport().Delivered, service.GetReport().Refused, service.GetReport().Dropped, service.GetReport().Queued, service.GetReport().IsAway));
        Assert.Equal(Enumerable.Range(0, 3000).Select(index => index * 60L), (await ReadAsync(store)).Select(row => row.Timestamp));
        Assert.Single(events.OfType<RecorderBack>());
    }

    [Fact]
    public void The_identity_tells_tables_apart_and_does_not_change_when_the_server_is_asked()
    {
        const string Server = "postgresql://user:secret@127.0.0.1:1/db";
        string[] identities =
        [
            new StoreRecorder(HistoryStoreFactory.Open(Server)).Identity,
            new StoreRecorder(HistoryStoreFactory.Open(Server, "bars")).Identity,
            new StoreRecorder(HistoryStoreFactory.Open(_folder.File("a.db"))).Identity,
            new StoreRecorder(HistoryStoreFactory.Open(_folder.File("a.db"), "bars")).Identity,
        ];
        Assert.Equal(4, identities.Distinct().Count());
        Assert.DoesNotContain(identities, identity => identity.Contains("secret", StringComparison.Ordinal));
        foreach (string kind in new[] { "PostgreSql", "QuestDb" })
        {
            Assert.Equal(identities[0], HistoryStoreFactory.Open(Server, new HistoryStoreOptions { Kind = kind }).Info.Identity);
            Assert.Equal(identities[1], HistoryStoreFactory.Open(Server, new HistoryStoreOptions { Kind = kind, Table = "bars" }).Info.Identity);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_store_is_disposed_with_its_recorder_where_it_is_owned(bool isOwned)
    {
        bool isDisposed = false;
        await new StoreRecorder(new InMemoryHistoryStore { OnDispose = () => isDisposed = true }, isOwned).DisposeAsync();
        Assert.Equal(isOwned, isDisposed);
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>Records a little of everything twice, and reads it back.</summary>
    internal static async Task RecordAndReadAsync(IHistoryStore store, string spoolFolder)
    {
        await using var service = new EventRecorderService(new StoreRecorder(store), new EventRecorderOptions { SpoolFolder = spoolFolder });
        for (int round = 0; round < 2; round++)
        {
            service.Record(Stream, Candles(0, 500));
            foreach (BarRow bar in Candles(500, 500).Rows)
            {
                service.Record(Stream, bar.Timestamp + 59, Payload.FromBar(bar));
            }

            service.Record(Stream, 60, Payload.From(new Dictionary<string, object?> { ["note"] = "late", ["order"] = 9007199254740993 }));
            await service.FlushAsync();
        }

        Assert.Equal((2002, 2002, 0), (service.GetReport().Recorded, service.GetReport().Delivered, service.GetReport().Refused));
        List<BarRow> rows = await ReadAsync(store);
        Assert.Equal(Enumerable.Range(0, 1000).Select(index => index * 60L), rows.Select(row => row.Timestamp));
        Assert.Equal(Enumerable.Range(0, 1000).Select(index => (object)(double)index), rows.Select(row => row["close"]));
        Assert.Equal(("late", 9007199254740993), (rows[1]["note"], rows[1]["order"]));
        Assert.Null(rows[2]["note"]);
    }

    private static BarFrame Candles(int first, int count)
    {
        long[] timestamps = [.. Enumerable.Range(first, count).Select(index => index * 60L)];
        return new BarFrame(Stream.Interval, timestamps, [Columns.Doubles("close", [.. timestamps.Select(timestamp => timestamp / 60.0)])]);
    }

    private static async Task<List<BarRow>> ReadAsync(IHistoryStore store)
    {
        var rows = new List<BarRow>();
        await foreach (BarFrame frame in store.ReadAsync(Stream, new TimeRange(0, 1_000_000)))
        {
            rows.AddRange(frame.Rows);
        }

        return rows;
    }

    private Task RecordAndReadAsync(IHistoryStore store) => RecordAndReadAsync(store, _folder.File("spool"));

    private EventRecorderService Open(IEventRecorder recorder, Action<RecorderEvent>? onEvent = null) =>
        new(recorder, new EventRecorderOptions { SpoolFolder = _folder.File("spool") }, onEvent: onEvent);
}
