using Qmtl.Data;

namespace Qmtl.Strategies.Replay;

/// <summary>Where the bars of a run come from that goes on with new ones: of each stream a page at a time, when it is asked for.</summary>
internal interface IBarArrivals
{
    /// <summary>Asks for what comes next of a stream, whose page before is used up. The first page needs not be asked for.</summary>
    void AskFor(int stream);

    /// <summary>Waits for the next arrival of any stream; null where all have ended.</summary>
    ValueTask<BarArrival?> NextAsync(CancellationToken cancellationToken);

    /// <summary>The next arrival where one is there already.</summary>
    bool TryNext(out BarArrival arrival);
}

/// <summary>What is new of a stream: a page of bars, or that nothing comes before a later bar.</summary>
/// <param name="Stream">The stream's place.</param>
/// <param name="Page">Its bars, at least one; null where there are none, and then nothing was asked for either.</param>
/// <param name="Next">The earliest open of the bar that comes after.</param>
/// <param name="IsAwaited">Whether the bars of other streams wait for that one, where it would come before them.</param>
internal readonly record struct BarArrival(int Stream, BarFrame? Page, long Next, bool IsAwaited);
