using System.Management.Automation;
using Qmtl.PowerShell.Pipeline;
using Qmtl.Strategies.Warmup;
using Qmtl.Streams;
using Qmtl.Time;

namespace Qmtl.PowerShell.Output;

/// <summary>What became of the warm-up of one stream. Loaded, empty and missing bars together are the bars of its window.</summary>
public sealed class WarmupOutcome
{
    private readonly WarmupResult _result;

    internal WarmupOutcome(WarmupResult result)
    {
        _result = result;
        Error = ErrorRecords.Of(result.Error, this, $"{result.Stream.Key}");
    }

    /// <summary>The stream's node id.</summary>
    public string NodeId => _result.Stream.NodeId;

    /// <summary>The length of the stream's bars.</summary>
    public BarInterval Interval => _result.Stream.Interval;

    /// <summary>The open of the window's first bar, UTC.</summary>
    public DateTimeOffset Start => UnixTime.FromSeconds(_result.Range.Start);

    /// <summary>The open of the window's last bar, UTC; it is inside.</summary>
    public DateTimeOffset End => UnixTime.FromSeconds(_result.Range.End);

    /// <summary>How it ended.</summary>
    public WarmupStatus Status => _result.Status;

    /// <summary>Bars of the window that are in the cache.</summary>
    public long BarsLoaded => _result.BarsLoaded;

    /// <summary>Bars that a source supplied because the provider lacked them.</summary>
    public long BarsFilled => _result.BarsFilled;

    /// <summary>Bars of the window that do not exist.</summary>
    public long BarsEmpty => _result.BarsEmpty;

    /// <summary>Bars of the window that should exist and are not there.</summary>
    public long BarsMissing => _result.BarsMissing;

    /// <summary>Rows of answers that are no bars of the stream and were left out.</summary>
    public long BarsRejected => _result.Rejected.Total;

    /// <summary>Requests made to the source.</summary>
    public int Requests => _result.Requests;

    /// <summary>How long it took.</summary>
    public TimeSpan Duration => _result.Duration;

    /// <summary>What went wrong, as it is written to the error stream, or null; the exception is its <see cref="ErrorRecord.Exception"/>.</summary>
    public ErrorRecord? Error { get; }

    /// <summary>The stream.</summary>
    public StreamInput Stream => _result.Stream;

    /// <summary>The stream and the window, in words.</summary>
    public override string ToString() => $"{_result.Stream.Key} {_result.Range}";
}
