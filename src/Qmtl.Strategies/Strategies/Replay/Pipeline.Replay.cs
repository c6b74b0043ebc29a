using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Strategies.Replay;
using Qmtl.Streams;
using Qmtl.Time;

namespace Qmtl.Strategies;

/// <content>Replays: the bars of all streams, merged by their opens, or by their closes (<see cref="PipelineOptions.Order"/>).</content>
/// <remarks>A replay begins with empty caches in all nodes but the streams, so that its results depend on nothing before it.</remarks>
public sealed partial class Pipeline
{
    /// <summary>
    /// Replays what the streams' caches hold, on this thread. Bars come by their opens (<see cref="PipelineOptions.Order"/>); where several
    /// do at once, by the order of <see cref="Streams"/>. What is recorded is on its way when this returns; <see cref="FlushAsync"/> waits
    /// for it.
    /// </summary>
    /// <param name="onResult">Told of each result, in order, on this thread.</param>
    /// <param name="cancellationToken">Ends the replay.</param>
    /// <exception cref="InvalidOperationException">The pipeline is busy, or another one is using one of the nodes.</exception>
    /// <exception cref="NodeFailedException">A node threw. Results before it were told.</exception>
    public void Replay(Action<NodeResult> onResult, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(onResult);
        Begin();
        ReplaySession? session = null;
        try
        {
            session = BeginReplay();
            var merge = new StreamMerge(_graph);
            var pages = new CachePages(Streams);
            for (int stream = 0; stream < Streams.Count; stream++)
            {
                merge.SetPage(stream, pages.Next(stream));
            }

            do
            {
                session.Batch.Clear();
                while (merge.Fill(session.Batch) >= 0)
                {
                    // A cache is one page, so the stream that used it up has ended.
                }

                session.Run(onResult, cancellationToken);
            }
            while (session.Batch.IsFull);
        }
        finally
        {
            session?.Report();
            End();
        }
    }

    /// <summary>
    /// Replays what the streams' caches hold, as <see cref="Replay"/> does, and waits until everything recorded is delivered, however long
    /// its store is away.
    /// </summary>
    /// <param name="onResult">Told of each result, in order, on the thread that <see cref="PipelineOptions.Executor"/> chooses.</param>
    /// <param name="cancellationToken">Ends the replay.</param>
    /// <exception cref="InvalidOperationException">The pipeline is busy, or another one is using one of the nodes.</exception>
    /// <exception cref="NodeFailedException">A node threw. Results before it were told.</exception>
    public Task ReplayAsync(Action<NodeResult> onResult, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(onResult);
        return RunAsync(null, onResult, cancellationToken);
    }

    /// <summary>
    /// Replays what the streams' providers have inside a range, page by page, and waits until everything recorded is delivered. Nothing is
    /// filled.
    /// </summary>
    /// <param name="range">The bars by their opens, Unix seconds, UTC, inclusive at both ends. Bars that have not closed are left
    /// out.</param>
    /// <param name="onResult">Told of each result, in order, on the thread that <see cref="PipelineOptions.Executor"/> chooses.</param>
    /// <param name="cancellationToken">Ends the replay.</param>
    /// <exception cref="InvalidOperationException">A stream has no provider, the pipeline is busy, or another one is using one of the
    /// nodes; nothing was read.</exception>
    /// <exception cref="NodeFailedException">A node threw. Results before it were told.</exception>
    /// <exception cref="SourceException">A provider answered what is no page of its stream.</exception>
    /// <exception cref="StoreException">A store cannot be reached.</exception>
    public Task ReplayAsync(TimeRange range, Action<NodeResult> onResult, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(onResult);
        RequireProviders();
        return RunAsync(range, onResult, cancellationToken);
    }

    /// <summary>The results of a replay of the streams' caches, one at a time. The replay goes on as they are taken.</summary>
    /// <inheritdoc cref="ReplayAsync(Action{NodeResult}, CancellationToken)"/>
    public IAsyncEnumerable<NodeResult> ReplayAsync(CancellationToken cancellationToken = default) => ReadAsync(null, cancellationToken);

    /// <summary>The results of a replay of the streams' providers, one at a time. The replay goes on as they are taken.</summary>
    /// <inheritdoc cref="ReplayAsync(TimeRange, Action{NodeResult}, CancellationToken)"/>
    public IAsyncEnumerable<NodeResult> ReplayAsync(TimeRange range, CancellationToken cancellationToken = default)
    {
        RequireProviders();
        return ReadAsync(range, cancellationToken);
    }

    /// <summary>
    /// Takes bars through the nodes as they arrive, in the order of a replay, until all streams have ended or the token is cancelled, which
    /// is no error. What was processed is recorded.
    /// </summary>
    internal async Task FollowAsync(IBarArrivals arrivals, Action<NodeResult> onResult, CancellationToken cancellationToken)
    {
        Begin();
        ReplaySession? session = null;
        try
        {
            session = BeginReplay();
            await foreach (EventBatch _ in session.FillAsync(arrivals, cancellationToken))
            {
                await session.RunAsync(onResult, cancellationToken);
            }
        }
        catch (OperationCanceledException stopped)
            when (cancellationToken.IsCancellationRequested || stopped.CancellationToken == cancellationToken)
        {
            // The end that a run without one is meant to have.
        }
        finally
        {
            session?.Report();
            End();
        }

        await DeliverAsync(CancellationToken.None);
    }

    private ReplaySession BeginReplay()
    {
        Volatile.Write(ref _barsReplayed, 0);
        MixedIntervals.Warn(_graph, _options);
        return new ReplaySession(_graph, _options, bars => Volatile.Write(ref _barsReplayed, _barsReplayed + bars));
    }

    private async Task RunAsync(TimeRange? range, Action<NodeResult> onResult, CancellationToken cancellationToken)
    {
        Begin();
        ReplaySession? session = null;
        try
        {
            await using IReplayPages pages = OpenPages(range, cancellationToken);
            session = BeginReplay();
            await foreach (EventBatch _ in session.FillAsync(pages))
            {
                await session.RunAsync(onResult, cancellationToken);
            }
        }
        finally
        {
            session?.Report();
            End();
        }

        // Not where the replay failed: the error must not wait for a store.
        await DeliverAsync(cancellationToken);
    }

    private async IAsyncEnumerable<NodeResult> ReadAsync(TimeRange? range, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Begin();
        ReplaySession? session = null;
        try
        {
            await using IReplayPages pages = OpenPages(range, cancellationToken);
            session = BeginReplay();
            var results = new List<NodeResult>();
            await foreach (EventBatch _ in session.FillAsync(pages))
            {
                // A node's failure must not keep back what was computed before it.
                Exception? failure = await FailureOfAsync(() => session.RunAsync(results.Add, cancellationToken));
                foreach (NodeResult result in results)
                {
                    yield return result;
                }

                results.Clear();
                if (failure is not null)
                {
                    ExceptionDispatchInfo.Throw(failure);
                }
            }
        }
        finally
        {
            session?.Report();
            End();
        }

        await DeliverAsync(cancellationToken);
    }

    private static async Task<Exception?> FailureOfAsync(Func<Task> work)
    {
        try
        {
            await work();
            return null;
        }
        catch (Exception failure)
        {
            return failure;
        }
    }

    private IReplayPages OpenPages(TimeRange? range, CancellationToken cancellationToken) =>
        range is { } bars ? new StreamPages(Streams, bars, cancellationToken) : new CachePages(Streams);

    private void RequireProviders()
    {
        foreach (StreamInput stream in Streams)
        {
            stream.RequireProvider();
        }
    }
}
