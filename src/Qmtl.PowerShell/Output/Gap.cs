using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.PowerShell.Output;

/// <summary>Consecutive bars that a provider lacks.</summary>
public sealed class Gap : StreamRange
{
    internal Gap(IHistoryProvider provider, StreamKey stream, TimeRange range)
        : base(provider, stream, range)
    {
    }
}
