using Qmtl.Backfill;
using Qmtl.Caching;
using Qmtl.Payloads;
using Qmtl.Strategies;
using Qmtl.Streams;
using Qmtl.Time;

namespace Qmtl.RecorderChild;

/// <summary>A strategy for tests of sweeps, which load this assembly as an operator's: its nodes give results of every kind.</summary>
public sealed class SweptCross(IHistoryProvider history, string symbol, int fast, int slow = 20, double weight = 1) : Strategy
{
    // Tests write another text over it, which makes another build.
    private const string Version = "the first build";

    /// <inheritdoc/>
    protected override void Setup()
    {
        var stream = new StreamInput(new StreamInputOptions
        {
            NodeId = symbol,
            Interval = BarInterval.FromSeconds(60),
            Period = slow,
            HistoryProvider = history,
        });
        var quick = new ComputeNode("fast", [stream], view => view[stream.Key].Mean("close", fast), fast);
        var calm = new ComputeNode("slow", [stream], view => view[stream.Key].Mean("close", slow), slow);
        var spread = new ComputeNode("spread", [quick, calm], view => Math.Log(ValueOf(view, quick) / ValueOf(view, calm)) * weight);
        var side = new ComputeNode("side", [spread], view => SideOf(ValueOf(view, spread)));
        AddNodes(side, new ComputeNode("version", [spread], static _ => Payload.From(Version)));
    }

    private static double ValueOf(CacheView view, Node node) => view[node.Key].GetValue(Payload.ValueColumn) is double value ? value : double.NaN;

    private static Payload SideOf(double spread) => (int)Math.Abs(spread * 1e6) switch
    {
        0 => Payload.None,
        var size when size % 5 == 0 => Payload.From(new { size, spread }),
        var size when size % 5 == 1 => Payload.From(size * 10_000_000_000L),
        var size when size % 5 == 2 => Payload.From(spread > 0),
        var size when size % 5 == 3 => Payload.From((decimal)size / 7),
        _ => Payload.From(spread > 0 ? "up" : "down"),
    };
}

/// <summary>A strategy whose node fails at a bar.</summary>
public sealed class SweptFailure(IHistoryProvider history, string symbol, DateTimeOffset at, BarInterval interval) : Strategy
{
    /// <inheritdoc/>
    protected override void Setup()
    {
        var stream = new StreamInput(new StreamInputOptions { NodeId = symbol, Interval = interval, HistoryProvider = history });
        AddNodes(new ComputeNode("failing", [stream], view => view[stream.Key].Latest!.Value.Timestamp < at.ToUnixTimeSeconds()
            ? view[stream.Key].Mean("close", 1)
            : throw new InvalidOperationException("it has seen enough")));
    }
}

/// <summary>A strategy that says when it runs, by a file, and goes on slowly until another file is there.</summary>
public sealed class SweptWaiting(IHistoryProvider history, string symbol, string folder, int run) : Strategy
{
    /// <inheritdoc/>
    protected override void Setup()
    {
        var stream = new StreamInput(new StreamInputOptions { NodeId = symbol, Interval = BarInterval.FromSeconds(60), HistoryProvider = history });
        AddNodes(new ComputeNode("waiting", [stream], view =>
        {
            string started = Path.Combine(folder, $"started {run} {Environment.ProcessId}");
            if (!File.Exists(started))
            {
                File.WriteAllText(started, string.Empty);
            }

            if (!File.Exists(Path.Combine(folder, "go")))
            {
                Thread.Sleep(20);
            }

            return view[stream.Key].Mean("close", 1) * run;
        }));
    }
}
