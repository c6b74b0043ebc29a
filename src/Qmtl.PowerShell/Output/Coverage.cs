using Qmtl.Data;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.PowerShell.Output;

/// <summary>Consecutive bars that a provider holds.</summary>
public sealed class Coverage : StreamRange
{
    internal Coverage(IHistoryProvider provider, StreamKey stream, TimeRange range)
        : base(provider, stream, range)
    {
    }
}
