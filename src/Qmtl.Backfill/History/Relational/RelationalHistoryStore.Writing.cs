using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.History.Relational;

public abstract partial class RelationalHistoryStore
{
    private static void RequirePagesOf(StreamKey stream, IReadOnlyList<BarPage> pages)
    {
        foreach (BarPage page in pages)
        {
            ArgumentException.ThrowIfNullOrWhiteSpace(page.Source, nameof(pages));
            BarInterval wrong = new[]
            {
                page.Frame.Interval,
                page.Asked.Interval,
                page.Empty.Interval,
            }.FirstOrDefault(interval => interval != stream.Interval);
            if (wrong != default)
            {
                throw new ArgumentException($"A page of {wrong} bars cannot be written to the stream {stream}.", nameof(pages));
            }

            if (EmptyRangeUpdate.Touched([page]) is { } touched && AllTime.Intersect(touched) != touched)
            {
                throw new ArgumentException(
                    $"A bar at {(touched.Start < AllTime.Start ? touched.Start : touched.End)} is beyond what a store keeps. Timestamps "
                        + $"are Unix seconds.",
                    nameof(pages));
            }
        }
    }

    private Task<bool> WriteGuardedAsync(
        StreamKey stream, IReadOnlyList<BarPage> pages, TimeRange touched, Revision? revision, CancellationToken cancellationToken) =>
        ChangeAsync(
            stream,
            async session =>
            {
                await WritePagesAsync(session, stream, pages, touched, revision, cancellationToken);
                return true;
            },
            cancellationToken);

    // One change of the store, whole or not at all.
    private async Task<T> ChangeAsync<T>(
        StreamKey stream, Func<RelationalSession, Task<T>> change, CancellationToken cancellationToken)
    {
        RelationalSession? session = null;
        T result;
        try
        {
            result = await GuardAsync(
                async () =>
                {
                    session = await OpenSessionAsync(forWriting: true, cancellationToken)
                        ?? throw new InvalidOperationException("A session for writing always has a database.");
                    await using (session)
                    {
                        return await change(session);
                    }
                },
                cancellationToken);
        }
        catch (StoreException error) when (session is { MayHaveKept: true } or { WaitedFor: not null })
        {
            throw error.With(session.WaitedFor, session.MayHaveKept);
        }

        if (session?.WaitedFor is { } holder)
        {
            _written.Waited(stream, holder);
        }

        return result;
    }

    private async Task WritePagesAsync(
        RelationalSession session,
        StreamKey stream,
        IReadOnlyList<BarPage> pages,
        TimeRange touched,
        Revision? revision,
        CancellationToken cancellationToken)
    {
        await session.BeginAsync(stream, cancellationToken);
        BarFrame[] frames = FramesOf(pages);
        (TableSchema? table, bool hasEmptyRanges) = await PrepareTablesAsync(
            session, stream, pages, frames, hasTrail: revision is not null, cancellationToken);
        if (revision is not null)
        {
            pages = await FindChangesAsync(session, table, stream, pages, revision, cancellationToken);
            frames = FramesOf(pages);
        }

        PlannedFrame[] planned = [];
        if (table is not null && frames.Length > 0)
        {
            planned = Array.ConvertAll(frames, frame => WritePlan.Fit(table, frame, DisplayName));
            session.RequireStorable(table, planned);
            if (revision is { Trail.Count: > 0 })
            {
                await session.AddRevisionsAsync(stream, revision.Trail, cancellationToken);
            }

            foreach (IReadOnlyList<PlannedFrame> run in PlannedFrame.InRuns(planned))
            {
                await session.WriteBarsAsync(table, stream, run, cancellationToken);
            }
        }

        if (hasEmptyRanges)
        {
            IReadOnlyList<EmptyRange> stored = await session.ReadEmptyRangesAsync(stream, source: null, touched, cancellationToken);
            long now = _timeProvider.GetUtcNow().ToUnixTimeSeconds();
            await session.ChangeEmptyRangesAsync(stream, EmptyRangeUpdate.Compute(stream.Interval, stored, pages, now), cancellationToken);
        }

        await session.CommitAsync(cancellationToken);
        if (table is not null && frames.Length > 0)
        {
            _written.Wrote(
                stream,
                table.Table,
                planned.SelectMany(frame => frame.Columns).Select(column => column.Stored.Name),
                session.DescribeRisk(table));
        }
    }

    private static BarFrame[] FramesOf(IReadOnlyList<BarPage> pages) =>
        [.. pages.Select(page => page.Frame).Where(frame => frame.Count > 0)];
}
