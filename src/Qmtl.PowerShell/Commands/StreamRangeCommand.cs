using System.Management.Automation;
using Qmtl.Data;
using Qmtl.PowerShell.Arguments;
using Qmtl.PowerShell.Pipeline;
using Qmtl.Time;

namespace Qmtl.PowerShell.Commands;

/// <summary>The base of the commands that look at a range of streams: on the command line, or of each object that is piped in.</summary>
public abstract class StreamRangeCommand : StreamsCommand
{
    /// <summary>The first instant; each command says what it is by default.</summary>
    [Parameter(Position = 3, ValueFromPipelineByPropertyName = true, ParameterSetName = ProviderSet)]
    [Parameter(Position = 2, ValueFromPipelineByPropertyName = true, ParameterSetName = DefaultSet)]
    [Alias("Since")]
    [InstantArgument]
    public DateTimeOffset? Start { get; set; }

    /// <summary>The last instant, inside, and of a date without a time its whole day; each command says what it is by default.</summary>
    [Parameter(Position = 4, ValueFromPipelineByPropertyName = true, ParameterSetName = ProviderSet)]
    [Parameter(Position = 3, ValueFromPipelineByPropertyName = true, ParameterSetName = DefaultSet)]
    [InstantArgument(IsEnd = true)]
    public DateTimeOffset? End { get; set; }

    /// <summary>In place of a start: how many bars before the end, or how long (30d, 12h, 3M).</summary>
    [Parameter]
    [SpanArgument]
    [ValidateNotNullOrEmpty]
    public string? Last { get; set; }

    /// <summary>How many bars before the end, or how long, is asked for; null where a start may be given.</summary>
    private protected AskedSpan? Span => Last is null ? null : AskedSpan.Parse(Last);

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        try
        {
            _ = Last is null || Start is null
                ? AskedRange.Between(Start, End)
                : throw new ArgumentException("-Start and -Last both say where to begin. Give one of them.");
        }
        catch (ArgumentException exception)
        {
            ThrowTerminatingError(ErrorRecords.From(exception, Last));
        }
    }

    /// <summary>The first instant that is asked for of a stream; null where it is not said.</summary>
    /// <remarks>Of a range that is piped in, <see cref="Last"/> takes a part and never more.</remarks>
    private protected DateTimeOffset? StartOf(BarInterval interval)
    {
        DateTimeOffset? last = Span?.StartOf(interval, End, TimeProvider.System.GetUtcNow());
        return last > Start || Start is null ? last ?? Start : Start;
    }
}
