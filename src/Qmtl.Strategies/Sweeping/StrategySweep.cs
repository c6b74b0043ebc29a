using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Qmtl.Backfill;
using Qmtl.Strategies;

namespace Qmtl.Sweeping;

/// <summary>
/// Runs a compiled strategy with many sets of parameters, or many strategies of an assembly, over stored history, several at once on this
/// machine. Each run has nodes of its own and gives its results in order.
/// </summary>
public sealed class StrategySweep
{
    private readonly StrategyAssembly _assembly;
    private readonly IHistoryProvider _provider;
    private readonly int _throttleLimit;

    /// <summary>Prepares a sweep.</summary>
    /// <param name="assembly">The assembly with the strategies.</param>
    /// <param name="provider">The history; it is read by several runs at once, and not filled.</param>
    /// <param name="throttleLimit">The most runs at once; null for as many as the machine has processors.</param>
    /// <exception cref="ArgumentOutOfRangeException">The limit is less than 1.</exception>
    public StrategySweep(StrategyAssembly assembly, IHistoryProvider provider, int? throttleLimit = null)
    {
        ArgumentNullException.ThrowIfNull(assembly);
        ArgumentNullException.ThrowIfNull(provider);
        ArgumentOutOfRangeException.ThrowIfLessThan(throttleLimit ?? 1, 1, nameof(throttleLimit));
        (_assembly, _provider, _throttleLimit) = (assembly, provider, throttleLimit ?? Environment.ProcessorCount);
    }

    /// <summary>Runs all orders and yields the result of each as soon as it is there.</summary>
    /// <param name="orders">The runs.</param>
    /// <param name="cancellationToken">Stops them. Each then still has its result, <see cref="SweepStatus.Cancelled"/> for those not done,
    /// and nothing is thrown.</param>
    public IAsyncEnumerable<SweepResult> RunAsync(IReadOnlyList<SweepOrder> orders, CancellationToken cancellationToken = default) =>
        SpreadAsync(orders, _throttleLimit, RunAsync, cancellationToken);

    /// <summary>Does work for all orders, so many at once, and yields what becomes of each; a slow reader holds it up.</summary>
    /// <param name="orders">The orders.</param>
    /// <param name="atOnce">How many at once.</param>
    /// <param name="run">Does the work for one: its number, from 1, and the order. Where it is cancelled it says so and does not
    /// throw.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    internal static async IAsyncEnumerable<SweepResult> SpreadAsync(
        IReadOnlyList<SweepOrder> orders,
        int atOnce,
        Func<int, SweepOrder, CancellationToken, Task<SweepResult>> run,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(orders);

        // A caller who stops reading early must not leave work running behind.
        using var abandoned = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var results = Channel.CreateBounded<SweepResult>(new BoundedChannelOptions(1) { SingleReader = true });
        Task running = RunAllAsync(abandoned.Token);
        try
        {
            await foreach (SweepResult result in results.Reader.ReadAllAsync(CancellationToken.None))
            {
                yield return result;
            }
        }
        finally
        {
            await abandoned.CancelAsync();
            while (await results.Reader.WaitToReadAsync(CancellationToken.None))
            {
                // Nobody takes it any more, and whoever gives it waits.
                results.Reader.TryRead(out SweepResult? _);
            }

            await running;
        }

        async Task RunAllAsync(CancellationToken stopping)
        {
            Exception? failure = null;
            try
            {
                await Parallel.ForEachAsync(
                    orders.Index(),
                    new ParallelOptions { MaxDegreeOfParallelism = atOnce },
                    async (each, _) =>
                    {
                        SweepResult result = await run(each.Index + 1, each.Item, stopping);
                        await results.Writer.WriteAsync(result, CancellationToken.None);
                    });
            }
            catch (Exception error)
            {
                failure = error;
            }
            finally
            {
                results.Writer.TryComplete(failure);
            }
        }
    }

    /// <summary>Makes the strategy of an order and replays its history, on a thread of its own.</summary>
    /// <param name="assembly">The assembly.</param>
    /// <param name="order">What to run.</param>
    /// <param name="provider">The history.</param>
    /// <param name="give">Takes each page of results; the run waits for it.</param>
    /// <param name="cancellationToken">Ends the run, with an <see cref="OperationCanceledException"/>.</param>
    internal static async Task<SweepEnd> ReplayAsync(
        StrategyAssembly assembly,
        SweepOrder order,
        IHistoryProvider provider,
        Func<SweepPage, CancellationToken, ValueTask> give,
        CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        List<string> warnings = [];
        var pages = new SweepPages(order.ResultsPerNode, assembly.PlainOf, give);
        Strategy? strategy = null;
        Pipeline? pipeline = null;
        SweepException? failure = null;
        using var thread = new SweepThread();
        try
        {
            strategy = assembly.Create(order.Strategy, order.Parameters, provider);
            pipeline = PipelineOf(strategy, order, thread.RunAsync, warnings.Add);
            await foreach (NodeResult result in pipeline.ReplayAsync(order.Range, cancellationToken))
            {
                await pages.AddAsync(result, cancellationToken);
            }
        }
        catch (Exception error) when (SweepException.Of(error) is { } known)
        {
            failure = known;
        }
        finally
        {
            await (strategy switch
            {
                IAsyncDisposable open => open.DisposeAsync(),
                IDisposable open => Dispose(open),
                _ => ValueTask.CompletedTask,
            });
        }

        await pages.EndAsync(cancellationToken);
        return new SweepEnd(pipeline?.BarsReplayed ?? 0, pages.Count, Stopwatch.GetElapsedTime(started), [.. warnings], failure);
    }

    private static ValueTask Dispose(IDisposable open)
    {
        open.Dispose();
        return ValueTask.CompletedTask;
    }

    private static Pipeline PipelineOf(Strategy strategy, SweepOrder order, Func<Action, Task> executor, Action<string> warn)
    {
        try
        {
            var options = new PipelineOptions { Order = order.Order, OnMissing = order.OnMissing, Executor = executor, OnWarning = warn };
            var pipeline = new Pipeline(strategy, options);
            return pipeline.Streams.FirstOrDefault(static stream => stream.HistoryProvider is null) is { } bare
                ? throw new InvalidOperationException(
                    $"The stream {bare.Key} has no history provider. A strategy is given one where its constructor has a parameter of the "
                        + "type IHistoryProvider.")
                : pipeline;
        }
        catch (Exception error) when (error is InvalidOperationException or ArgumentException)
        {
            throw new SweepException(SweepFailure.Strategy, error.Message, error);
        }
    }

    private async Task<SweepResult> RunAsync(int run, SweepOrder order, CancellationToken cancellationToken)
    {
        var values = new SweepValues();
        var result = new SweepResult { Order = order, Run = run, Status = SweepStatus.Cancelled, Build = _assembly.Build };
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            SweepEnd end = await ReplayAsync(_assembly, order, _provider, TakeAsync, cancellationToken);
            return end.Apply(result, values);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return result;
        }

        ValueTask TakeAsync(SweepPage page, CancellationToken _)
        {
            values.Add(page);
            return ValueTask.CompletedTask;
        }
    }
}

/// <summary>How a run ended, without its results.</summary>
internal sealed record SweepEnd(long Bars, long Results, TimeSpan Duration, string[] Warnings, Exception? Error)
{
    /// <summary>The result of a run that ended so.</summary>
    public SweepResult Apply(SweepResult result, SweepValues values) => result with
    {
        Status = Error is null ? SweepStatus.Completed : SweepStatus.Failed,
        Bars = Bars,
        Results = Results,
        Duration = Duration,
        Warnings = Warnings,
        Error = Error,
        Values = values,
    };
}
