using System.Collections;
using System.Data;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Time;

namespace Qmtl.Unit.Fetching;

[SuppressMessage("Performance", "CA1822:Mark members as static", Justification = "The sources stand for objects of users, whose methods are instance methods.")]
public class ObjectFetcherTests
{
    private static readonly StreamKey Stream = new("N", BarInterval.Parse("5m"));
    private static readonly TimeRange Asked = new(300, 600);

    public static TheoryData<object> Sources =>
    [
        new RowsOneByOne(),
        new TaskOfHashtables(),
        new ValueTaskOfBars(),
        new RowsAsynchronously(),
        new DatesAndText(),
        new AnythingGoes(),
    ];

    [Theory]
    [MemberData(nameof(Sources))]
    public async Task Any_object_with_the_method_is_a_source(object source)
    {
        RawBars bars = await new ObjectFetcher(source).FetchAsync(Stream, Asked, CancellationToken.None);

        Assert.Equal([300, 600], bars.Timestamps.ToArray());
        Assert.Equal(300.0, Assert.Single(bars.Columns).GetValue(1));
    }

    [Fact]
    public async Task No_rows_may_be_said_in_any_way()
    {
        foreach (object none in new object[] { Array.Empty<object>(), Task.FromResult<object>(new List<object>()), RawBars.Empty })
        {
            Assert.Equal(0, (await new ObjectFetcher(new Returning(none)).FetchAsync(Stream, Asked, CancellationToken.None)).RowCount);
        }
    }

    [Fact]
    public async Task A_null_is_not_taken_for_no_rows()
    {
        foreach (object? nothing in new object?[] { null, Task.CompletedTask, Task.FromResult<object?>(null), ValueTask.CompletedTask })
        {
            await Assert.ThrowsAsync<SourceException>(() => new ObjectFetcher(new Returning(nothing)).FetchAsync(Stream, Asked, CancellationToken.None));
        }

        await Assert.ThrowsAsync<SourceException>(() => new ObjectFetcher(new AsynchronousWithoutResult()).FetchAsync(Stream, Asked, CancellationToken.None));
    }

    [Fact]
    public async Task A_single_row_need_not_be_in_a_list()
    {
        foreach (object row in new object[] { new Hashtable { ["ts"] = 300L, ["close"] = 1.0 }, new Dictionary<string, object?> { ["ts"] = 300L, ["close"] = 1.0 }, new { ts = 300L, close = 1.0 } })
        {
            RawBars bars = await new ObjectFetcher(new Returning(row)).FetchAsync(Stream, Asked, CancellationToken.None);

            Assert.Equal([300], bars.Timestamps.ToArray());
        }
    }

    public static TheoryData<Func<object>> Tables =>
    [
        Table,
        () => Table().DefaultView,
        () => Table().Rows,
        () => Table().CreateDataReader(),
        () => Task.FromResult<object?>(Table()),
        () => JsonDocument.Parse(Json),
        () => JsonDocument.Parse(Json).RootElement,
        () => JsonNode.Parse(Json)!,
        () => JsonDocument.Parse(Json).RootElement.EnumerateArray().ToList(),
        () => JsonSerializer.Deserialize<List<Dictionary<string, object?>>>(Json)!,
    ];

    private const string Json = """[{"ts":300,"close":1.5,"trades":7,"note":null},{"ts":"1970-01-01T00:10:00Z","close":"2","trades":8,"note":"a"}]""";

    [Theory]
    [MemberData(nameof(Tables))]
    public async Task A_table_a_reader_and_JSON_are_rows(Func<object> source)
    {
        RawBars bars = await new ObjectFetcher(new Returning(source())).FetchAsync(Stream, Asked, CancellationToken.None);

        Assert.Equal([300, 600], bars.Timestamps.ToArray());
        Assert.Equal(["close", "note", "trades"], bars.Columns.Select(column => column.Name).Order(StringComparer.Ordinal));
        Dictionary<string, BarColumn> columns = bars.Columns.ToDictionary(column => column.Name, StringComparer.Ordinal);
        Assert.Equal((2.0, 8L, null, "a"), (columns["close"].GetValue(1), Convert.ToInt64(columns["trades"].GetValue(1), CultureInfo.InvariantCulture), columns["note"].GetValue(0), columns["note"].GetValue(1)));
    }

    [Fact]
    public async Task A_method_that_wants_seconds_is_not_asked_for_bars_that_they_do_not_tell()
    {
        foreach (string interval in new[] { "1M", "1d@08:00" })
        {
            var stream = new StreamKey("N", BarInterval.Parse(interval));
            foreach (object source in new object[] { new Returning(Array.Empty<object>()), new AnythingGoes() })
            {
                var error = await Assert.ThrowsAsync<NotSupportedException>(() => new ObjectFetcher(source).FetchAsync(stream, Asked, CancellationToken.None));
                Assert.Contains($"which cannot tell {interval}. Declare it as a BarInterval or a string", error.Message, StringComparison.Ordinal);
            }

            var seen = new Untyped();
            await new ObjectFetcher(seen).FetchAsync(stream, Asked, CancellationToken.None);
            await new ObjectFetcher(seen).FetchAsync(Stream, Asked, CancellationToken.None);
            Assert.Equal(new object[] { interval, 300L }, seen.Intervals);
        }
    }

    [Fact]
    public async Task A_set_of_tables_is_refused_by_name()
    {
        using var set = new DataSet();
        set.Tables.Add(Table());

        var error = await Assert.ThrowsAsync<SourceException>(() => new ObjectFetcher(new Returning(set)).FetchAsync(Stream, Asked, CancellationToken.None));

        Assert.Contains("a DataSet of 1 tables", error.Message, StringComparison.Ordinal);
    }

    private static DataTable Table()
    {
        var table = new DataTable { Locale = CultureInfo.InvariantCulture };
        table.Columns.Add("ts", typeof(DateTime));
        table.Columns.Add("close", typeof(decimal));
        table.Columns.Add("trades", typeof(long));
        table.Columns.Add("note", typeof(string));
        table.Rows.Add(DateTime.UnixEpoch.AddSeconds(300), 1.5m, 7L, DBNull.Value);
        table.Rows.Add(DateTime.UnixEpoch.AddSeconds(600), 2m, 8L, "a");
        return table;
    }

    [Theory]
    [InlineData("<html>", "the text '<html>'")]
    [InlineData(42, "the Int32 42")]
    public async Task What_is_no_row_is_a_clear_error(object returned, string message)
    {
        var error = await Assert.ThrowsAsync<SourceException>(() => new ObjectFetcher(new Returning(returned)).FetchAsync(Stream, Asked, CancellationToken.None));

        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.False(error.IsTransient);
    }

    [Fact]
    public async Task The_methods_own_exceptions_come_through_as_they_are()
    {
        var error = await Assert.ThrowsAsync<InvalidDataException>(() => new ObjectFetcher(new Failing()).FetchAsync(Stream, Asked, CancellationToken.None));

        Assert.Equal("broken", error.Message);
    }

    [Fact]
    public async Task The_token_reaches_a_method_that_takes_one()
    {
        using var cancellation = new CancellationTokenSource();
        Task<RawBars> fetch = new ObjectFetcher(new WaitingForever()).FetchAsync(Stream, Asked, cancellation.Token);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fetch);
    }

    [Fact]
    public void Name_and_hint_come_from_the_object_unless_they_are_given()
    {
        Assert.Equal(("exchange of mine", 250), (new ObjectFetcher(new Named()).Name, new ObjectFetcher(new Named()).BarsPerRequest));
        Assert.Equal(("other", 10), (new ObjectFetcher(new Named(), "other", 10).Name, new ObjectFetcher(new Named(), "other", 10).BarsPerRequest));
        Assert.Equal((nameof(RowsOneByOne), null), (new ObjectFetcher(new RowsOneByOne()).Name, new ObjectFetcher(new RowsOneByOne()).BarsPerRequest));
    }

    [Fact]
    public void An_object_without_the_method_is_refused_with_what_is_expected()
    {
        string nothing = Assert.Throws<ArgumentException>(() => new ObjectFetcher(new object())).Message;
        string other = Assert.Throws<ArgumentException>(() => new ObjectFetcher(new WrongParameters())).Message;

        Assert.Contains("System.Object cannot be a source", nothing, StringComparison.Ordinal);
        Assert.Contains("Fetch(start, end, nodeId, interval)", nothing, StringComparison.Ordinal);
        Assert.Contains("Fetch(System.Guid)", other, StringComparison.Ordinal);
    }

    public sealed class RowsOneByOne
    {
        public IEnumerable<object> Fetch(long start, long end, string nodeId, long interval)
        {
            for (long ts = start; ts <= end; ts += interval)
            {
                yield return new { ts, close = (double)interval };
            }
        }
    }

    public sealed class TaskOfHashtables
    {
        public async Task<Hashtable[]> FetchAsync(long start, long end, string nodeId, int interval, CancellationToken cancellationToken)
        {
            await Task.Yield();
            return [new Hashtable { ["ts"] = start, ["close"] = interval }, new Hashtable { ["ts"] = end, ["close"] = interval }];
        }

        // The asynchronous one is preferred.
        public object Fetch(long start, long end, string nodeId, int interval) => throw new InvalidOperationException($"{start}{end}{nodeId}{interval}");
    }

    public sealed class ValueTaskOfBars
    {
        public ValueTask<RawBars> Fetch(double start, decimal end, object nodeId, BarInterval interval) =>
            new(RawBars.FromRows([new { ts = (long)start, close = (double)interval.Seconds }, new { ts = (long)end, close = (double)interval.Seconds }]));
    }

    public sealed class RowsAsynchronously
    {
        public async IAsyncEnumerable<object> Fetch(long? start, long end, string nodeId, double interval)
        {
            yield return new { ts = start, close = interval };
            await Task.Yield();
            yield return new { ts = end, close = interval };
        }
    }

    public sealed class DatesAndText
    {
        public object[] Fetch(DateTimeOffset start, DateTime end, string nodeId, string interval) =>
            [new { Timestamp = start, close = BarInterval.Parse(interval).Seconds }, new { Timestamp = end, close = BarInterval.Parse(interval).Seconds }];
    }

    public sealed class AnythingGoes
    {
        public ArrayList fetch(object start, object end, object nodeId, TimeSpan interval) =>
            [new Dictionary<string, object?> { ["ts"] = start, ["close"] = interval.TotalSeconds }, new Dictionary<string, object?> { ["ts"] = end, ["close"] = interval.TotalSeconds }];
    }

    public sealed class Untyped
    {
        public List<object> Intervals { get; } = [];

        public object Fetch(long start, long end, string nodeId, object interval)
        {
            Intervals.Add(interval);
            return Array.Empty<object>();
        }
    }

    public sealed class Returning(object? answer)
    {
        public object? Fetch(long start, long end, string nodeId, long interval) => answer;
    }

    public sealed class AsynchronousWithoutResult
    {
        public async Task Fetch(long start, long end, string nodeId, long interval) => await Task.Yield();
    }

    public sealed class Failing
    {
        public object Fetch(long start, long end, string nodeId, long interval) => throw new InvalidDataException("broken");
    }

    public sealed class WaitingForever
    {
        public async Task<object[]> Fetch(long start, long end, string nodeId, long interval, CancellationToken cancellationToken)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            return [];
        }
    }

    public sealed class Named
    {
        public string Name => "exchange of mine";

        public int BarsPerRequest => 250;

        public object? Fetch(long start, long end, string nodeId, long interval) => null;
    }

    public sealed class WrongParameters
    {
        public object? Fetch(Guid everything) => everything;
    }
}
