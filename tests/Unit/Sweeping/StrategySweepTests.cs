using System.Globalization;
using System.Runtime.CompilerServices;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.Strategies;
using Qmtl.Sweeping;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Sweeping;

/// <summary>Runs of compiled strategies on this machine.</summary>
public sealed class StrategySweepTests : IDisposable, IAsyncLifetime
{
    private const int Bars = 6000;
    private static readonly StreamKey Stream = new("COIN", BarInterval.FromSeconds(60));
    private static readonly TimeRange Range = new(60, 60 * Bars);

    private readonly TemporaryFolder _folder = new();
    private readonly StoreHistoryProvider _history;

    public StrategySweepTests() => _history = new StoreHistoryProvider(HistoryStoreFactory.Open(_folder.File("bars.db")));

    public Task InitializeAsync()
    {
        var frame = new BarFrame(
            Stream.Interval,
            Enumerable.Range(1, Bars).Select(static bar => bar * 60L).ToArray(),
            [Columns.Doubles("close", [.. Enumerable.Range(1, Bars).Select(static bar => 100 + (30 * Math.Sin(bar / 40.0)))])]);
        return _history.Store.WriteAsync(Stream, [new BarPage("test", frame, frame.ToRangeSet(), TimeRangeSet.Empty(Stream.Interval))]);
    }

    public async Task DisposeAsync() => await _history.DisposeAsync();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Runs_give_what_a_pipeline_gives_and_as_many_at_once_as_one_after_the_other()
    {
        StrategyAssembly assembly = StrategyAssembly.Load(SweptAssembly.CopyTo(_folder));
        SweepOrder[] orders = [.. Enumerable.Range(2, 8).Select(static fast => OrderOf("SweptCross", ("symbol", "COIN"), ("fast", fast), ("weight", 0.1)))];

        List<SweepResult> one = await ReadAsync(new StrategySweep(assembly, _history, 1), orders);
        List<SweepResult> many = await ReadAsync(new StrategySweep(assembly, _history, 4), orders);

        Assert.Equal(Enumerable.Range(1, 8), one.Select(static result => result.Run));
        Assert.All(one.Zip(many.OrderBy(static result => result.Run)), static pair => SweptAssembly.AssertSame(pair.First, pair.Second));
        Assert.All(one, static result => Assert.Equal((SweepStatus.Completed, Bars), (result.Status, result.Bars)));

        var direct = new List<(string Node, long Timestamp, object Value)>();
        await foreach (NodeResult result in new Pipeline(assembly.Create("SweptCross", orders[0].Parameters, _history)).ReplayAsync(Range))
        {
            direct.Add((result.Node.Name, result.Timestamp, assembly.PlainOf(result)));
        }

        Assert.Equal(direct, one[0].Values.Select(static value => (value.Node.Name, value.Timestamp, value.Value)));
        Assert.Equal(direct.Count, one[0].Results);
        Assert.Equal(
            [typeof(bool), typeof(decimal), typeof(double), typeof(long), typeof(string)],
            one[0].Values.Select(static value => value.Value.GetType()).Distinct().OrderBy(static type => type.Name));
        Assert.Contains(one[0].Values, static value => value.Value is string text && text.StartsWith("{\"size\":", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_newest_results_of_each_node_are_those_at_the_end_of_all()
    {
        StrategyAssembly assembly = StrategyAssembly.Load(SweptAssembly.CopyTo(_folder));
        SweepOrder all = OrderOf("SweptCross", ("symbol", "COIN"), ("fast", 5));

        List<SweepResult> results = await ReadAsync(new StrategySweep(assembly, _history, 1), [all, all with { ResultsPerNode = 3 }]);

        var newest = results[0].Values.Index().GroupBy(static each => each.Item.Node).SelectMany(static group => group.TakeLast(3));
        Assert.Equal(newest.OrderBy(static each => each.Index).Select(static each => each.Item), results[1].Values);
        Assert.Equal(results[0].Results, results[1].Results);
        Assert.Equal(results[0].Last, results[1].Last);
        Assert.Equal(["fast", "slow", "spread", "side", "version"], results[1].Last.Select(static value => value.Node.Name).Order(StringComparer.Ordinal).OrderBy(Place));

        static int Place(string name) => Array.IndexOf(["fast", "slow", "spread", "side", "version"], name);
    }

    [Fact]
    public async Task A_node_that_throws_ends_its_run_alone_with_the_results_before()
    {
        StrategyAssembly assembly = StrategyAssembly.Load(SweptAssembly.CopyTo(_folder));
        SweepOrder failing = OrderOf("SweptFailure", ("symbol", "COIN"), ("at", "1970-01-01T01:00"), ("interval", "1m"));

        List<SweepResult> results = await ReadAsync(new StrategySweep(assembly, _history, 1), [failing, OrderOf("SweptCross", ("symbol", "COIN"), ("fast", 5))]);

        Assert.Equal((SweepStatus.Failed, 59), (results[0].Status, results[0].Values.Count));
        Assert.Equal(SweepFailure.Node, Assert.IsType<SweepException>(results[0].Error).Reason);
        Assert.Contains("The node 'failing' failed at the bar of 1970-01-01T01:00:00Z (COIN 1m): it has seen enough", results[0].Error!.Message, StringComparison.Ordinal);
        Assert.Equal(SweepStatus.Completed, results[1].Status);
    }

    [Theory]
    [InlineData("SweptNothing", "{}", "has no strategy SweptNothing. Its public classes that derive from Qmtl.Strategies.Strategy are: Qmtl.RecorderChild.SweptCross, ")]
    [InlineData("SweptCross", "{\"fast\":5}", "needs the parameter 'symbol'. It takes: symbol (String), fast (Int32), slow (Int32, may be left out), weight (Double, may be left out).")]
    [InlineData("SweptCross", "{\"symbol\":\"COIN\",\"fast\":5,\"quick\":1}", "has no parameter 'quick'. It takes: symbol (String), ")]
    [InlineData("SweptCross", "{\"symbol\":\"COIN\",\"fast\":\"five\"}", "The parameter 'fast' of Qmtl.RecorderChild.SweptCross is of the type Int32, and \"five\" is none.")]
    [InlineData("SweptCross", "{\"symbol\":\"COIN\",\"fast\":1.5}", "The parameter 'fast' of Qmtl.RecorderChild.SweptCross is of the type Int32, and 1.5 is none.")]
    [InlineData("SweptCross", "{\"symbol\":\"COIN\",\"fast\":null}", "The parameter 'fast' of Qmtl.RecorderChild.SweptCross is of the type Int32, and null is none.")]
    [InlineData("SweptCross", "{\"symbol\":\"COIN\",\"fast\":0}", "SweptCross of Qmtl.RecorderChild.dll could not be made: ")]
    [InlineData("SweptCross", "[1]", "'[1]' is no set of parameters.")]
    [InlineData("SweptCross", "{\"fast\":1,\"Fast\":2}", "is no set of parameters. Write a JSON object with each name once")]
    public async Task What_cannot_be_made_is_told(string strategy, string parameters, string expected)
    {
        StrategyAssembly assembly = StrategyAssembly.Load(SweptAssembly.CopyTo(_folder));

        SweepResult result = Assert.Single(await ReadAsync(
            new StrategySweep(assembly, _history), [new SweepOrder { Strategy = strategy, Parameters = parameters, Range = Range }]));

        Assert.Equal((SweepStatus.Failed, 0), (result.Status, result.Values.Count));
        Assert.Equal(SweepFailure.Strategy, Assert.IsType<SweepException>(result.Error).Reason);
        Assert.Contains(expected, result.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Text_is_read_as_what_a_parameter_takes_in_any_culture()
    {
        CultureInfo culture = CultureInfo.CurrentCulture;
        try
        {
            var comma = (CultureInfo)CultureInfo.InvariantCulture.Clone();
            (comma.NumberFormat.NumberDecimalSeparator, comma.NumberFormat.NumberGroupSeparator) = (",", ".");
            CultureInfo.CurrentCulture = comma;
            StrategyAssembly assembly = StrategyAssembly.Load(SweptAssembly.CopyTo(_folder));
            string numbers = assembly.Create("SweptCross", SweepOrder.ParametersOf(new Dictionary<string, object?> { ["SYMBOL"] = "COIN", ["fast"] = 7, ["weight"] = 0.1 }), _history).Nodes[1].NodeId;
            string texts = assembly.Create("Qmtl.RecorderChild.SweptCross", """{ "symbol": "COIN", "fast": "7", "weight": "0.1" }""", _history).Nodes[1].NodeId;
            Assert.Equal(numbers, texts);
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }
    }

    [Fact]
    public async Task A_newer_build_is_read_and_the_older_one_goes()
    {
        string path = SweptAssembly.CopyTo(_folder);
        WeakReference older = await RunOnceAsync(path, "the first build");
        SweptAssembly.Rebuild(path);

        await RunOnceAsync(path, "the other build");

        // What other threads still hold of it goes when they have their turn.
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (older.IsAlive && !limit.IsCancellationRequested)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.False(older.IsAlive);
    }

    [Fact]
    public void A_file_that_is_no_assembly_is_told()
    {
        string text = _folder.Write("no assembly", ".dll");
        Assert.Contains("is no whole assembly of .NET.", Assert.Throws<SweepException>(() => StrategyAssembly.Load(text)).Message, StringComparison.Ordinal);
        Assert.Contains("cannot be read.", Assert.Throws<SweepException>(() => StrategyAssembly.Load(_folder.File("none.dll"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stopped_in_the_midst_every_run_has_its_result()
    {
        StrategyAssembly assembly = StrategyAssembly.Load(SweptAssembly.CopyTo(_folder));
        SweepOrder[] orders = [.. Enumerable.Range(0, 5).Select(run => OrderOf("SweptWaiting", ("symbol", "COIN"), ("folder", _folder.FullPath), ("run", run)))];
        using var stop = new CancellationTokenSource();
        using var watcher = new FileSystemWatcher(_folder.FullPath, "started *");
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        watcher.Created += (_, _) => started.TrySetResult();
        watcher.EnableRaisingEvents = true;

        Task<List<SweepResult>> running = ReadAsync(new StrategySweep(assembly, _history, 2), orders, stop.Token);
        await Task.WhenAny(started.Task, running);
        await stop.CancelAsync();
        List<SweepResult> results = await running;

        Assert.Equal(5, results.Count);
        Assert.All(results, static result => Assert.Equal(SweepStatus.Cancelled, result.Status));
    }

    [Fact]
    public async Task Who_stops_reading_ends_the_runs()
    {
        StrategyAssembly assembly = StrategyAssembly.Load(SweptAssembly.CopyTo(_folder));
        SweepOrder waiting = OrderOf("SweptWaiting", ("symbol", "COIN"), ("folder", _folder.FullPath), ("run", 1));

        await foreach (SweepResult first in new StrategySweep(assembly, _history, 2).RunAsync([OrderOf("SweptCross", ("symbol", "COIN"), ("fast", 5)), waiting, waiting]))
        {
            Assert.Equal(1, first.Run);
            break;
        }
    }

    private static SweepOrder OrderOf(string strategy, params (string Name, object? Value)[] parameters) => new()
    {
        Strategy = strategy,
        Parameters = SweepOrder.ParametersOf(parameters.ToDictionary(static each => each.Name, static each => each.Value)),
        Range = Range,
    };

    private static async Task<List<SweepResult>> ReadAsync(StrategySweep sweep, SweepOrder[] orders, CancellationToken cancellationToken = default)
    {
        List<SweepResult> results = [];
        await foreach (SweepResult result in sweep.RunAsync(orders, cancellationToken))
        {
            results.Add(result);
        }

        return results;
    }

    // In a method of its own, so that no variable holds the assembly. With a weight of 0 there is no result of a class of its own, which the
    // runtime's JSON would hold for a while.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private async Task<WeakReference> RunOnceAsync(string path, string version)
    {
        StrategyAssembly assembly = StrategyAssembly.Load(path);
        SweepResult result = Assert.Single(await ReadAsync(new StrategySweep(assembly, _history), [OrderOf("SweptCross", ("symbol", "COIN"), ("fast", 5), ("weight", 0))]));
        Assert.Equal(version, result.Last.Single(static value => value.Node.Name == "version").Value);
        return new WeakReference(assembly.Create(result.Order.Strategy, result.Order.Parameters, _history).GetType().Assembly);
    }
}
