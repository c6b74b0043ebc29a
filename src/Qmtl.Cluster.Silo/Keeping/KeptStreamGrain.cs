using Qmtl.Cluster.Wire;

namespace Qmtl.Cluster.Silo.Keeping;

/// <inheritdoc cref="IKeptStreamGrain"/>
[GrainType(TypeName)]
[KeptPlacement]
[CollectionAgeLimit(AlwaysActive = true)]
internal sealed class KeptStreamGrain(KeptShare share, KeepingMembers members) : Grain, IKeptStreamGrain
{
    /// <summary>By which members tell whether they keep.</summary>
    public const string TypeName = "qmtl.kept";

    private string Key => this.GetPrimaryKeyString();

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        share.Add(Key, this);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) =>
        share.RemoveAsync(Key, this).WaitAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask<KeptPlace> TouchAsync()
    {
        // Another member has come, and the stream is its. It goes there at once: were it only to end here, whoever still takes this member for
        // its place would bring it back.
        if (members.Find() is { Count: > 0 } keeping && !KeptPlacement.Choose(Key, keeping).Equals(members.Own))
        {
            this.MigrateOnIdle();
            return ValueTask.FromResult(KeptPlace.Moving);
        }

        share.Add(Key, this);
        return ValueTask.FromResult(share.Has(Key) ? KeptPlace.Settled : KeptPlace.NotDeclared);
    }
}
