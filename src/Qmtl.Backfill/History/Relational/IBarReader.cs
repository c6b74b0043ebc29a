using Qmtl.Data;

namespace Qmtl.History.Relational;

/// <summary>Reads the bars of one stream, a frame at a time.</summary>
internal interface IBarReader : IAsyncDisposable
{
    /// <summary>The next bars, ascending; null at the end.</summary>
    Task<BarFrame?> ReadFrameAsync(CancellationToken cancellationToken);
}
