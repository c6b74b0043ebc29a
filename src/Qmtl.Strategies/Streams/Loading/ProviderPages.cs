using System.Runtime.CompilerServices;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Streams.Loading;

/// <summary>Reads a provider page by page and lets through only what is a bar of the stream: inside the range, on the grid, closed, in order, with finite values.</summary>
internal sealed class ProviderPages(IHistoryProvider provider, StreamKey stream, TimeRange range, TimeProvider timeProvider)
{
    /// <summary>The rows that were left out so far.</summary>
    public RejectedRows Rejected { get; private set; } = RejectedRows.None;

    /// <summary>The pages, none of them empty, each after the one before.</summary>
    /// <exception cref="SourceException">A page is no page of this stream.</exception>
    public async IAsyncEnumerable<BarFrame> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        IAsyncEnumerable<BarFrame> pages = provider.FetchAsync(stream, range, cancellationToken)
            ?? throw new SourceException($"The provider {provider.DisplayName} answered null where bars of {stream} were asked for. Where it has none it must answer no page.");
        long next = range.Start;
        await foreach (BarFrame? page in pages.WithCancellation(cancellationToken))
        {
            RequirePage(page);
            if (next > range.End)
            {
                Rejected = Rejected.Plus(RejectionReason.OutsideRange, page.Count);
                continue;
            }

            long lastClosed = stream.Interval.LastClosedBar(timeProvider.GetUtcNow());
            ValidatedBars valid = new RawBars(page.TimestampMemory, page.Columns).Validate(stream.Interval, new TimeRange(next, range.End), lastClosed);
            Rejected = Rejected.Plus(valid.Rejected);
            if (valid.Frame.Bounds is { } bounds)
            {
                next = stream.Interval.Next(bounds.End);
                yield return valid.Frame;
            }
        }
    }

    private void RequirePage(BarFrame? page)
    {
        if (page is null || page.Interval != stream.Interval)
        {
            throw new SourceException($"The provider {provider.DisplayName} answered {(page is null ? "a null page" : $"bars of {page.Interval}")} where bars of {stream} were asked for.");
        }
    }
}
