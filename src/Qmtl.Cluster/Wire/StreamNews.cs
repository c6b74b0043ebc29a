using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Cluster.Wire;

/// <summary>What a member tells of its work on a stream: the engine's events, as far as somebody elsewhere can use them.</summary>
[GenerateSerializer]
[Immutable]
[Alias("qmtl.news")]
public abstract record StreamNews
{
    /// <summary>The news of an event; null where it concerns nobody elsewhere.</summary>
    public static StreamNews? Of(BackfillEvent happened) => happened switch
    {
        BackfillStarted started => new StartedNews(started.Source, started.Ranges),
        BackfillPlanned planned => new PlannedNews(planned.BarsMissing, planned.Requests),
        BackfillPageCommitted page => new CommittedNews(
            page.Range.Start, page.Range.End, page.BarsWritten, page.BarsEmpty, page.BarsAsked, page.Requests),
        BackfillWaiting waiting => new WaitingNews(waiting.Source, waiting.Delay),
        BackfillRetrying retry => new RetryingNews(
            retry.Range.Start, retry.Range.End, retry.Attempt, retry.Delay, TravellingError.Of(retry.Error)!),
        BackfillStoreWarning warning => new StoreWarningNews(warning.Store, warning.Warning),
        BackfillSourceNote { Note: var note } told => new SourceNoteNews(told.Source, note.Kind, note.Text),
        BackfillRangeEnded { Result: var result } => RangeNews.Of(result),
        BackfillEnded ended => new EndedNews(ended.Source, ended.Duration),
        _ => null,
    };

    /// <summary>The event as it happened to <paramref name="stream"/>.</summary>
    public abstract BackfillEvent ToEvent(StreamKey stream);
}

/// <summary><see cref="BackfillStarted"/>.</summary>
[GenerateSerializer, Immutable, Alias("qmtl.started")]
public sealed record StartedNews(string Source, int Ranges) : StreamNews
{
    /// <inheritdoc/>
    public override BackfillEvent ToEvent(StreamKey stream) => new BackfillStarted(stream, Source, Ranges);
}

/// <summary><see cref="BackfillPlanned"/>.</summary>
[GenerateSerializer, Immutable, Alias("qmtl.planned")]
public sealed record PlannedNews(long BarsMissing, long Requests) : StreamNews
{
    /// <inheritdoc/>
    public override BackfillEvent ToEvent(StreamKey stream) => new BackfillPlanned(stream, BarsMissing, Requests);
}

/// <summary><see cref="BackfillPageCommitted"/>.</summary>
[GenerateSerializer, Immutable, Alias("qmtl.committed")]
public sealed record CommittedNews(long Start, long End, long BarsWritten, long BarsEmpty, long BarsAsked, int Requests) : StreamNews
{
    /// <summary>The work that committed it; by that and the number somebody who is told twice knows it again.</summary>
    [Id(0)]
    public Guid Work { get; init; }

    /// <summary>A number that grows with all that the work tells.</summary>
    [Id(1)]
    public int Number { get; init; }

    /// <inheritdoc/>
    public override BackfillEvent ToEvent(StreamKey stream) =>
        new BackfillPageCommitted(stream, new TimeRange(Start, End), BarsWritten, BarsEmpty, BarsAsked, null) { Requests = Requests };
}

/// <summary><see cref="BackfillWaiting"/>.</summary>
[GenerateSerializer, Immutable, Alias("qmtl.waiting")]
public sealed record WaitingNews(string Source, TimeSpan Delay) : StreamNews
{
    /// <inheritdoc/>
    public override BackfillEvent ToEvent(StreamKey stream) => new BackfillWaiting(stream, Source, Delay);
}

/// <summary><see cref="BackfillRetrying"/>.</summary>
[GenerateSerializer, Immutable, Alias("qmtl.retrying")]
public sealed record RetryingNews(long Start, long End, int Attempt, TimeSpan Delay, TravellingError Error) : StreamNews
{
    /// <inheritdoc/>
    public override BackfillEvent ToEvent(StreamKey stream) =>
        new BackfillRetrying(stream, new TimeRange(Start, End), Attempt, Delay, Error.ToException());
}

/// <summary><see cref="BackfillStoreWarning"/>.</summary>
[GenerateSerializer, Immutable, Alias("qmtl.store-warning")]
public sealed record StoreWarningNews(string Store, string Warning) : StreamNews
{
    /// <inheritdoc/>
    public override BackfillEvent ToEvent(StreamKey stream) => new BackfillStoreWarning(stream, Store, Warning);
}

/// <summary><see cref="BackfillSourceNote"/>.</summary>
[GenerateSerializer, Immutable, Alias("qmtl.source-note")]
public sealed record SourceNoteNews(string Source, SourceNoteKind Kind, string Text) : StreamNews
{
    /// <inheritdoc/>
    public override BackfillEvent ToEvent(StreamKey stream) => new BackfillSourceNote(stream, Source, new SourceNote(Kind, Text));
}

/// <summary><see cref="BackfillEnded"/>.</summary>
[GenerateSerializer, Immutable, Alias("qmtl.ended")]
public sealed record EndedNews(string Source, TimeSpan Duration) : StreamNews
{
    /// <inheritdoc/>
    public override BackfillEvent ToEvent(StreamKey stream) => new BackfillEnded(stream, Source, Duration);
}
