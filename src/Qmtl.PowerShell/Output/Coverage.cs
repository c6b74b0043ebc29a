using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.PowerShell.Output;

/// <summary>Consecutive bars that a provider holds.</summary>
public sealed class Coverage : StreamRange
{
    internal Coverage(IHistoryProvider provider, StreamKey stream, TimeRange range)
        : base(provider, stream, range) => Table = provider.GetTableName(stream.NodeId);

    /// <summary>
    /// The table of the provider's store that the bars are in, by its name in the database; null for a provider of another kind.
    /// </summary>
    public string? Table { get; }
}
