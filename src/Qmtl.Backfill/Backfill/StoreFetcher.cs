using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Backfill;

/// <summary>A store as a source: what another store is compared with, or repaired from.</summary>
/// <param name="store">The store, which stays its owner's.</param>
public sealed class StoreFetcher(IHistoryStore store) : IDataFetcher
{
    /// <inheritdoc/>
    public string Name => store.Info.DisplayName;

    /// <inheritdoc/>
    public int? BarsPerRequest => 10_000;

    /// <inheritdoc/>
    public async Task<TimeRange?> FindExtentAsync(StreamKey stream, CancellationToken cancellationToken) =>
        (await store.GetCoverageAsync(stream, cancellationToken: cancellationToken)).Bounds;

    /// <inheritdoc/>
    public async Task<RawBars> FetchAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken)
    {
        var opens = new ColumnBuilder<long>(ColumnNames.Timestamp);
        ColumnBuilder[] columns = [];
        try
        {
            await foreach (BarFrame frame in store.ReadAsync(stream, range, cancellationToken))
            {
                if (opens.Count == 0)
                {
                    columns = [.. frame.Columns.Select(column => ColumnBuilder.Create(column.Name, column.Type))];
                }

                opens.AddRange(frame.Timestamps);
                for (int column = 0; column < columns.Length; column++)
                {
                    for (int row = 0; row < frame.Count; row++)
                    {
                        columns[column].Add(frame.Columns[column], row);
                    }
                }
            }
        }
        catch (StoreException error)
        {
            throw new SourceException(error.Message, error) { IsTransient = error.IsTransient };
        }

        // A store gives all that it has.
        return new RawBars(opens.Build().Values, [.. columns.Select(column => column.Build())]) { About = range };
    }

    /// <summary>What and where the store is, for people.</summary>
    public override string ToString() => Name;
}
