using System.Threading.Channels;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Backfill;

internal sealed partial class StreamBackfill
{
    private async Task WriteAllAsync(
        RangeLedger ledger, BarBudget.Share share, ChannelReader<FetchedPage> pages, CancellationToken cancellationToken)
    {
        var batch = new List<FetchedPage>();
        while (await pages.WaitToReadAsync(cancellationToken))
        {
            long weight = 0;
            while (weight < BarsPerCommit && pages.TryRead(out FetchedPage? page))
            {
                batch.Add(page);
                weight += page.Weight;
            }

            GiveUpAfterOutage(ledger, batch);
            await EndAsync(ledger, batch, cancellationToken);
            batch.Clear();
            share.Return(weight);
        }
    }

    private async Task EndAsync(RangeLedger ledger, List<FetchedPage> batch, CancellationToken cancellationToken)
    {
        await CommitAsync(batch, cancellationToken);
        foreach (FetchedPage page in batch)
        {
            Settle(ledger, page);
        }
    }

    // Every retry was spent on an earlier page of the same range; spending as many on each that still waits in the queue would only keep
    // the operator waiting.
    private void GiveUpAfterOutage(RangeLedger ledger, List<FetchedPage> batch)
    {
        if (_storeIsAway is not { } error)
        {
            return;
        }

        lock (ledger)
        {
            foreach (FetchedPage page in batch.Where(page => !ledger.IsWanted(page.Planned)))
            {
                page.Answers.Clear();
                page.Error ??= error;
            }
        }
    }

    private async Task CommitAsync(List<FetchedPage> batch, CancellationToken cancellationToken)
    {
        // Pages come as the source answers them, several at once. In the order of their bars, a store can write them in one operation.
        List<BarPage> answers = Revises && batch is [{ Answers: { Count: 1 } alone }] ? alone :
        [
            .. batch.SelectMany(page => page.Answers)
                .Where(answer => answer.Frame.Count > 0 || !answer.Empty.IsEmpty || _options.RetryEmpty || Revises)
                .OrderBy(answer => answer.Asked.Bounds?.Start),
        ];
        if (answers.Count == 0)
        {
            return;
        }

        FetchedPage first = batch.First(page => page.Answers.Count > 0);
        bool mayHaveKept = false;
        try
        {
            await StoreAsync(
                async token =>
                {
                    try
                    {
                        await WriteAsync(batch, answers, token);
                        return true;
                    }
                    catch (StoreException error)
                    {
                        mayHaveKept |= error.MayHaveKept;
                        throw;
                    }
                },
                first.Planned.Range,
                () => first.Retries++,
                cancellationToken);
            _storeIsAway = null;
            foreach (string warning in _request.Store.TakeWarnings(Stream))
            {
                _raise(new BackfillStoreWarning(Stream, _request.Store.Info.DisplayName, warning));
            }
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            _storeIsAway = TransientErrors.IsTransient(error) ? error : null;
            Exception told = mayHaveKept ? Uncounted(error) : error;
            foreach (FetchedPage page in batch)
            {
                page.Answers.Clear();
                page.Error ??= told;
            }
        }
    }

    private async Task WriteAsync(List<FetchedPage> batch, List<BarPage> answers, CancellationToken cancellationToken)
    {
        if (!Revises)
        {
            await _request.Store.WriteAsync(Stream, answers, cancellationToken);
            return;
        }

        RevisedHistory revised = await _request.Store.ReviseAsync(Stream, answers, trailAdded: false, cancellationToken);
        TimeRangeSet written = revised.Added.Union(revised.Replaced);
        foreach (FetchedPage page in batch)
        {
            TimeRangeSet asked = page.Planned.Missing;
            TimeRangeSet news = _options.Force ? revised.Empty : revised.Empty.Intersect(_missing!);
            page.Written = written.Intersect(page.Planned.Range).Intersect(asked);
            page.Replaced = revised.Replaced.Intersect(page.Planned.Range).Intersect(asked);
            for (int index = 0; index < page.Answers.Count; index++)
            {
                page.Answers[index] = page.Answers[index] with { Empty = page.Answers[index].Empty.Intersect(news) };
            }
        }
    }

    private static StoreException Uncounted(Exception error) =>
        (error as StoreException ?? new StoreException(error.Message, error) { IsTransient = TransientErrors.IsTransient(error) })
        .With(
            "Bars of the write that failed may be stored all the same: the number written is at least what is counted.", mayHaveKept: true);

    private void Settle(RangeLedger ledger, FetchedPage page)
    {
        _rejected = _rejected.Plus(page.Rejected);
        List<BackfillResult> results;
        lock (ledger)
        {
            results = ledger.Settle(page);
        }

        TimeRangeSet settled = _frontier!.Add(page);
        if (page.Answers.Count > 0)
        {
            long asked = (_options.ComparesStored ? page.Planned.Missing.Intersect(_missing!) : page.Planned.Missing).BarCount;
            _raise(new BackfillPageCommitted(Stream, page.Planned.Range, page.BarCount, page.EmptyCount, asked, _frontier.CompleteUpTo)
            {
                Requests = page.Requests,
                Settled = NullIfEmpty(settled),
            });
        }

        Emit(results);
    }
}
