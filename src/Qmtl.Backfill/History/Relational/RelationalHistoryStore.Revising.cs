using System.Runtime.CompilerServices;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.History.Relational;

public abstract partial class RelationalHistoryStore
{
    private const int RevisionsInRead = 1000;

    /// <inheritdoc/>
    /// <remarks>The table stays, also where it was the stream's own and holds nothing any more: with its columns and their types.</remarks>
    public async Task<RemovedHistory> RemoveAsync(
        StreamKey stream, TimeRange? within = null, CancellationToken cancellationToken = default)
    {
        // A look first, so that nothing to remove makes no file and waits for nobody.
        var nothing = new RemovedHistory(0, 0);
        if (Within(within) is not { } range
            || ((await GetCoverageAsync(stream, range, cancellationToken)).IsEmpty
                && (await GetKnownEmptyAsync(stream, null, range, cancellationToken)).IsEmpty))
        {
            return nothing;
        }

        return await ChangeAsync(
            stream,
            async session =>
            {
                await session.BeginAsync(stream, cancellationToken);
                string name = Naming.TableOf(stream.NodeId);
                IReadOnlyList<FoundTable> found = await session.FindTablesAsync(
                    [name, RelationalSession.EmptyRangesTable], cancellationToken);
                long bars = 0;
                if (SchemaOf(found, name) is { } table && range.AlignTo(stream.Interval) is { } aligned)
                {
                    bars = (await session.GetCoverageAsync(table, stream, aligned, cancellationToken)).BarCount;
                    await session.DeleteBarsAsync(table, stream, range, cancellationToken);
                }

                long empty = await ForgetAsync(session, found, stream, source: null, range, cancellationToken);
                await session.CommitAsync(cancellationToken);
                return new RemovedHistory(bars, empty);
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<long> ForgetEmptyAsync(
        StreamKey stream, string? source = null, TimeRange? within = null, CancellationToken cancellationToken = default)
    {
        if (Within(within) is not { } range || (await GetKnownEmptyAsync(stream, source, range, cancellationToken)).IsEmpty)
        {
            return 0;
        }

        return await ChangeAsync(
            stream,
            async session =>
            {
                await session.BeginAsync(stream, cancellationToken);
                long empty = await ForgetAsync(
                    session,
                    await session.FindTablesAsync([RelationalSession.EmptyRangesTable], cancellationToken),
                    stream,
                    source,
                    range,
                    cancellationToken);
                await session.CommitAsync(cancellationToken);
                return empty;
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<RevisedHistory> ReviseAsync(
        StreamKey stream, IReadOnlyList<BarPage> pages, bool trailAdded, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(pages);
        RequirePagesOf(stream, pages);
        var revision = new Revision(stream.Interval, trailAdded, _timeProvider.GetUtcNow());
        if (EmptyRangeUpdate.Touched(pages) is { } touched)
        {
            await WriteGuardedAsync(stream, pages, touched, revision, cancellationToken);
        }

        return revision.ToHistory();
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<BarRevision> ReadRevisionsAsync(
        StreamKey stream, TimeRange? within = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        RevisionRow? last = null;
        while (Within(within) is { } range)
        {
            IReadOnlyList<RevisionRow> rows = await ReadOnceAsync(
                session => ReadTrailAsync(session, stream, range, last, cancellationToken), [], cancellationToken);
            foreach (RevisionRow row in rows.Where(static row => row.IsTold))
            {
                yield return row.ToRevision();
            }

            if (rows.Count < RevisionsInRead)
            {
                yield break;
            }

            last = rows[^1];
        }
    }

    private async Task<IReadOnlyList<RevisionRow>> ReadTrailAsync(
        RelationalSession session, StreamKey stream, TimeRange within, RevisionRow? after, CancellationToken cancellationToken)
    {
        string name = Naming.TableOf(stream.NodeId);
        IReadOnlyList<FoundTable> found = await session.FindTablesAsync([name, RelationalSession.RevisionsTable], cancellationToken);
        return found.Any(static table => table.Name == RelationalSession.RevisionsTable)
            ? await session.ReadRevisionsAsync(SchemaOf(found, name), stream, within, after, RevisionsInRead, cancellationToken)
            : [];
    }

    private static async Task<long> ForgetAsync(
        RelationalSession session,
        IReadOnlyList<FoundTable> found,
        StreamKey stream,
        string? source,
        TimeRange within,
        CancellationToken cancellationToken)
    {
        if (!found.Any(table => table.Name == RelationalSession.EmptyRangesTable) || within.AlignTo(stream.Interval) is not { } bars)
        {
            return 0;
        }

        // What a page does that was asked for these bars and has learnt nothing of them.
        IReadOnlyList<EmptyRange> stored = await session.ReadEmptyRangesAsync(stream, source, bars, cancellationToken);
        var asked = new TimeRangeSet(stream.Interval, bars);
        IEnumerable<BarPage> pages = stored.Select(row => row.Source).Distinct().Select(name => new BarPage(
            name, BarFrame.Empty(stream.Interval), asked, TimeRangeSet.Empty(stream.Interval)));
        await session.ChangeEmptyRangesAsync(
            stream, EmptyRangeUpdate.Compute(stream.Interval, stored, [.. pages], now: 0), cancellationToken);
        return new TimeRangeSet(stream.Interval, stored.Select(row => new TimeRange(row.Start, row.End))).Intersect(bars).BarCount;
    }

    // What the pages would change, and the trail of it; what is then written is only that.
    private static async Task<BarPage[]> FindChangesAsync(
        RelationalSession session,
        TableSchema? table,
        StreamKey stream,
        IReadOnlyList<BarPage> pages,
        Revision revision,
        CancellationToken cancellationToken)
    {
        var changed = new BarPage[pages.Count];
        for (int page = 0; page < pages.Count; page++)
        {
            List<BarFrame> stored = [];
            if (table is not null && EmptyRangeUpdate.Touched([pages[page]]) is { } touched)
            {
                await session.SettleRevisionsAsync(table, stream, touched, cancellationToken);
                await using BarReader reader = session.OpenReader(table, stream, touched);
                while (await reader.ReadFrameAsync(cancellationToken) is { } frame)
                {
                    stored.Add(frame);
                }
            }

            changed[page] = revision.Add(pages[page], stored);
        }

        if (table is not null && !revision.Replaced.IsEmpty)
        {
            session.RequireReplaceable(table);
        }

        return changed;
    }

    /// <summary>What one call of <see cref="ReviseAsync"/> has found so far.</summary>
    private sealed class Revision(BarInterval interval, bool trailAdded, DateTimeOffset now)
    {
        private readonly List<BarDifference> _differences = [];
        private readonly List<RevisionRow> _trail = [];
        private TimeRangeSet _added = TimeRangeSet.Empty(interval);
        private TimeRangeSet _seen = TimeRangeSet.Empty(interval);
        private TimeRangeSet _empty = TimeRangeSet.Empty(interval);

        public TimeRangeSet Replaced { get; private set; } = TimeRangeSet.Empty(interval);

        public IReadOnlyList<RevisionRow> Trail => _trail;

        /// <summary>What is left of a page where only that is written that differs from what is stored.</summary>
        /// <param name="page">The page.</param>
        /// <param name="stored">All that is stored from its first bar to its last.</param>
        public BarPage Add(BarPage page, IReadOnlyList<BarFrame> stored)
        {
            TimeRangeSet bars = page.Frame.ToRangeSet();
            if (!_seen.Intersect(bars).IsEmpty)
            {
                throw new ArgumentException("A bar is in two pages of one revision. Give each bar once.", nameof(page));
            }

            _seen = _seen.Union(bars);
            var missing = new TimeRangeSetBuilder(interval);
            var different = new TimeRangeSetBuilder(interval);
            foreach (BarDifference difference in BarComparison.Find(stored, page.Frame, page.Empty))
            {
                _differences.Add(difference);
                if (difference.Kind == BarDifferenceKind.Extra)
                {
                    continue;
                }

                (difference.Kind == BarDifferenceKind.Missing ? missing : different).AddTimestamp(difference.Timestamp);
                if (difference.Kind == BarDifferenceKind.Different || trailAdded)
                {
                    _trail.Add(RevisionRow.Of(difference, page.Source, now));
                }
            }

            (TimeRangeSet added, TimeRangeSet replaced) = (missing.Build(), different.Build());
            TimeRangeSet empty = stored.Aggregate(page.Empty, static (left, frame) => left.Subtract(frame.ToRangeSet()));
            (_added, Replaced, _empty) = (_added.Union(added), Replaced.Union(replaced), _empty.Union(empty));
            return page with { Frame = page.Frame.Intersect(added.Union(replaced)), Empty = empty };
        }

        public RevisedHistory ToHistory() =>
            new(_added, Replaced, _empty, [.. _differences.OrderBy(static difference => difference.Timestamp)]);
    }
}
