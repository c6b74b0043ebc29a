using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.PowerShell.Commands;

/// <summary>The base of the commands that care for what is stored: of streams of a store, a range or all.</summary>
public abstract class StoredRangeCommand : StreamRangeCommand
{
    /// <summary>The range that is asked for of a stream; null where neither end is given, for all of it.</summary>
    /// <exception cref="ArgumentException">The start is after the end, or no whole second lies between the two.</exception>
    private protected TimeRange? RangeOf(StreamKey stream)
    {
        DateTimeOffset? start = StartOf(stream.Interval);
        return start is null && End is null ? null : AskedRange.Between(start, End);
    }

    /// <summary>The store that the provider's bars are in.</summary>
    /// <exception cref="NotSupportedException">They are in none of this library's.</exception>
    private protected static IHistoryStore StoreOf(IHistoryProvider provider) => provider.Store ?? throw new NotSupportedException(
        $"The bars of {provider.DisplayName} are in no store of Qmtl, so they cannot be cared for here. Name a store's path or connection "
            + $"string, or a provider of New-QmtlHistoryProvider.");

    /// <summary>
    /// As <see cref="StreamsCommand.RunForStreams"/>, also for a stream of which no bar is stored, where it is named and the store knows
    /// something else of it.
    /// </summary>
    private protected void RunForKnown(
        Func<IHistoryStore, StreamKey, CancellationToken, Task<bool>> knows,
        Func<IHistoryProvider, StreamKey, CancellationToken, Task> work)
    {
        foreach ((IHistoryProvider provider, StreamSelection selection) in Sources())
        {
            RunForRecord(
                async cancellationToken =>
                {
                    IHistoryStore store = StoreOf(provider);
                    List<StreamKey> known = [];
                    List<StreamSelection> others = selection.Named is null ? [selection] : [];
                    foreach (StreamKey stream in selection.Named ?? [])
                    {
                        if (await knows(store, stream, cancellationToken))
                        {
                            known.Add(stream);
                        }
                        else
                        {
                            others.Add(new StreamSelection { Nodes = [new NodeName(stream.NodeId)], Intervals = [stream.Interval] });
                        }
                    }

                    foreach (StreamSelection other in others)
                    {
                        known.AddRange(await FindAsync(provider, other, cancellationToken));
                    }

                    foreach (StreamKey stream in known)
                    {
                        await work(provider, stream, cancellationToken);
                    }
                },
                provider);
        }
    }

    /// <summary>From the work: asks on the pipeline's thread whether to do it.</summary>
    private protected async Task<bool> ApproveAsync(StreamKey stream, IHistoryProvider provider, string action)
    {
        bool approved = false;
        await OnPipelineAsync(() => approved = ShouldProcess($"{stream} in {provider.DisplayName}", action));
        return approved;
    }
}
