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
        if (Within(within) is not { } range || !await HoldsAnythingAsync(stream, range, cancellationToken))
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
                if (SchemaOf(found, name) is { } table)
                {
                    bars = range.AlignTo(stream.Interval) is { } aligned
                        ? (await session.GetCoverageAsync(table, stream, aligned, cancellationToken)).BarCount
                        : 0;
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

    // Bars, what was learnt as empty, or rows of others that are no bars.
    private async Task<bool> HoldsAnythingAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken)
    {
        if (!(await GetCoverageAsync(stream, range, cancellationToken)).IsEmpty
            || !(await GetKnownEmptyAsync(stream, null, range, cancellationToken)).IsEmpty)
        {
            return true;
        }

        // They may lie before the first bar of the range, and behind the last.
        bool isAny = false;
        var bars = new TimeRange(
            range.Start > AllTime.Start ? stream.Interval.Floor(range.Start) : range.Start,
            range.End < AllTime.End ? stream.Interval.Next(stream.Interval.Floor(range.End)) : range.End);
        await foreach (BarFrame _ in ReadAsync(stream, bars, time => isAny |= range.Contains(time), cancellationToken))
        {
            if (isAny)
            {
                break;
            }
        }

        return isAny;
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
    private static async Task<IReadOnlyList<BarPage>> FindChangesAsync(
        RelationalSession session,
        TableSchema? table,
        StreamKey stream,
        IReadOnlyList<BarPage> pages,
        Revision revision,
        CancellationToken cancellationToken)
    {
        List<BarPage> changed = [];
        foreach (BarPage page in pages)
        {
            List<BarFrame> stored = [];
            if (table is not null && EmptyRangeUpdate.Touched([page]) is { } touched)
            {
                await session.SettleRevisionsAsync(table, stream, touched, cancellationToken);
                await using BarReader reader = session.OpenReader(table, stream, touched);
                while (await reader.ReadFrameAsync(cancellationToken) is { } frame)
                {
                    stored.Add(frame);
                }
            }

            changed.AddRange(revision.Add(page, stored));
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

        /// <summary>
        /// What is left of a page where only that is written that differs from what is stored: first what is added, and then what is
        /// replaced, without the columns in which it has no value and the stored bar may have one.
        /// </summary>
        /// <param name="page">The page.</param>
        /// <param name="stored">All that is stored from its first bar to its last.</param>
        public IEnumerable<BarPage> Add(BarPage page, IReadOnlyList<BarFrame> stored)
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
                if (!difference.IsRepairable)
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
            BarPage first = page with { Frame = page.Frame.Intersect(added), Empty = empty };
            return [first, .. WithoutNulls(page.Frame.Intersect(replaced)).Select(frame => page with
            {
                Frame = frame,
                Asked = TimeRangeSet.Empty(interval),
                Empty = TimeRangeSet.Empty(interval),
            })];
        }

        // The bars in frames of those columns of which each of their bars has a value.
        private static IEnumerable<BarFrame> WithoutNulls(BarFrame frame)
        {
            return Enumerable.Range(0, frame.Count)
                .GroupBy(row => string.Concat(frame.Columns.Select(column => BarComparison.ValueOf(column, row) is null ? '0' : '1')))
                .Select(alike => Part(alike.Key, [.. alike]));

            BarFrame Part(string hasValue, int[] rows) => new(
                frame.Interval,
                Array.ConvertAll(rows, row => frame.Timestamps[row]),
                [.. frame.Columns.Where((_, column) => hasValue[column] == '1').Select(column => column.Select(rows))]);
        }

        public RevisedHistory ToHistory() =>
            new(_added, Replaced, _empty, [.. _differences.OrderBy(static difference => difference.Timestamp)]);
    }
}
