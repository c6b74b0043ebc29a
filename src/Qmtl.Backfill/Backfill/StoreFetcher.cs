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
        List<BarFrame> frames;
        try
        {
            frames = await store.ReadAsync(stream, range, cancellationToken).ToListAsync(cancellationToken);
        }
        catch (StoreException error)
        {
            throw new SourceException(error.Message, error) { IsTransient = error.IsTransient };
        }

        // A store gives all that it has.
        long[] opens = [.. frames.SelectMany(static frame => frame.Timestamps.ToArray())];
        IEnumerable<string> names = frames.SelectMany(static frame => frame.Columns).Select(static column => column.Name)
            .Distinct(StringComparer.OrdinalIgnoreCase);
        return new RawBars(opens, [.. names.Select(name => Join(name, frames))]) { About = range };
    }

    // Where a store does not keep the type of a column, frames may differ in it, as those do in which it has no value.
    private static BarColumn Join(string name, List<BarFrame> frames)
    {
        BarColumn?[] parts = [.. frames.Select(frame => frame.FindColumn(name))];
        BarColumnType type = ColumnType.Common(
            [.. parts.Where(static part => part?.IsAllNull == false).Select(static part => part!.Type)]);
        ColumnBuilder joined = ColumnBuilder.Create(name, type);
        foreach ((BarColumn? part, BarFrame frame) in parts.Zip(frames))
        {
            for (int row = 0; row < frame.Count; row++)
            {
                if (part?.Type == type)
                {
                    joined.Add(part, row);
                }
                else if (part?.GetValue(row) is not { } value)
                {
                    joined.AddNull();
                }
                else if (!joined.TryAdd(value))
                {
                    _ = joined.TryAdd(ValueText.Of(value)!);
                }
            }
        }

        return joined.Build();
    }

    /// <summary>What and where the store is, for people.</summary>
    public override string ToString() => Name;
}
