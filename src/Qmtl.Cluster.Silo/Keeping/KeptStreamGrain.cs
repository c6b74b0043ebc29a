using Microsoft.Extensions.Logging;
using Qmtl.Cluster.Wire;
using Qmtl.Messages;

namespace Qmtl.Cluster.Silo.Keeping;

/// <inheritdoc cref="IKeptStreamGrain"/>
[GrainType(TypeName)]
[KeptPlacement]
[CollectionAgeLimit(AlwaysActive = true)]
internal sealed partial class KeptStreamGrain(KeptShare share, KeepingMembers members, ILogger<KeptShare> logger) : Grain, IKeptStreamGrain
{
    /// <summary>By which members tell whether they keep.</summary>
    public const string TypeName = "qmtl.kept";

    private string Key => this.GetPrimaryKeyString();

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        share.Add(Key, this);
        Came(PlainText.OneLine(Key));
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        await share.RemoveAsync(Key, this).WaitAsync(cancellationToken);
        Went(PlainText.OneLine(Key), reason.ReasonCode.ToString());
    }

    /// <inheritdoc/>
    public ValueTask<KeptPlace> TouchAsync()
    {
        // Another member has come, and the stream is its. It goes there at once: were it only to end here, whoever still takes this member
        // for its place would bring it back.
        if (members.Find() is { Count: > 0 } keeping && !KeptPlacement.Choose(Key, keeping).Equals(members.Own))
        {
            this.MigrateOnIdle();
            return ValueTask.FromResult(KeptPlace.Moving);
        }

        share.Add(Key, this);
        return ValueTask.FromResult(share.Has(Key) ? KeptPlace.Settled : KeptPlace.NotDeclared);
    }

    [LoggerMessage(8005, LogLevel.Debug, "The kept stream {stream} lives here from now on.", EventName = "cluster.stream_came")]
    private partial void Came(string stream);

    [LoggerMessage(8006, LogLevel.Debug, "The kept stream {stream} lives here no more ({reason}).", EventName = "cluster.stream_went")]
    private partial void Went(string stream, string reason);
}
