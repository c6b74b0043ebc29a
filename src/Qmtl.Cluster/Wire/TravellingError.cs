using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Sweeping;

namespace Qmtl.Cluster.Wire;

/// <summary>
/// An error as it travels: the sentence for an operator, never an exception with all that is in it. Only this library's own messages are
/// known to hold no secret; of any other error the kind alone travels, and the member's log has the rest. What a strategy's own code throws
/// travels as its results do: both are its author's words.
/// </summary>
[GenerateSerializer]
[Immutable]
[Alias("qmtl.error")]
public sealed record TravellingError(string Kind, string Message, bool IsTransient)
{
    /// <summary>What travels of an error.</summary>
    public static TravellingError? Of(Exception? error) => error switch
    {
        null => null,
        SourceException source => new(nameof(SourceException), source.Message, source.IsTransient),
        StoreException store => new(nameof(StoreException), store.Message, store.IsTransient),
        SweepException sweep => new($"{nameof(SweepException)}.{sweep.Reason}", sweep.Message, false),
        NotSupportedException or ClusterException => new(error.GetType().Name, error.Message, false),
        _ => new(
            error.GetType().Name, $"A member failed where it should not have ({error.GetType().Name}). Its log tells what happened.", false),
    };

    /// <summary>The error as this process can throw it.</summary>
    public Exception ToException() => Kind switch
    {
        nameof(SourceException) => new SourceException(Message) { IsTransient = IsTransient },
        nameof(StoreException) => new StoreException(Message) { IsTransient = IsTransient },
        nameof(NotSupportedException) => new NotSupportedException(Message),
        _ when Kind.StartsWith($"{nameof(SweepException)}.", StringComparison.Ordinal)
            && Enum.TryParse(Kind[(nameof(SweepException).Length + 1)..], out SweepFailure reason) => new SweepException(reason, Message),
        _ => new ClusterException(Message),
    };
}
