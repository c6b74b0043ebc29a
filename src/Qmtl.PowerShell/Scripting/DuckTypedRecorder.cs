using System.Management.Automation;
using System.Management.Automation.Runspaces;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.PowerShell.Pipeline;
using Qmtl.Recording;

namespace Qmtl.PowerShell.Scripting;

/// <summary>
/// A recorder made of any object whose <c>Persist(nodeId, interval, timestamp, payload)</c> is script. Script runs only on the pipeline
/// thread, so rows are delivered while a Qmtl command runs; until then they wait in the spool.
/// </summary>
internal sealed class DuckTypedRecorder : IEventRecorder, IStreamBound
{
    private readonly DuckTypedObject _target;
    private readonly string _method;
    private readonly Runspace _runspace;

    private DuckTypedRecorder(DuckTypedObject target, string method, string displayName, Runspace runspace)
    {
        _target = target;
        _method = method;
        _runspace = runspace;
        DisplayName = displayName;
    }

    /// <inheritdoc/>
    public string DisplayName { get; }

    /// <inheritdoc/>
    public string Identity => $"object:{DisplayName}";

    /// <inheritdoc/>
    /// <remarks>Few, so that a script that takes its time does not keep the pipeline thread from everything else.</remarks>
    public int RowsPerWrite => 100;

    /// <summary>
    /// A recorder over <paramref name="target"/>, or null where it has no such method. A .NET object's method is the engine's matter.
    /// </summary>
    /// <param name="target">The object, which stays the operator's: it is not disposed with the recorder.</param>
    /// <param name="name">The recorder's name; null for the object's own.</param>
    /// <exception cref="ArgumentException">Its method does not take what a recorder is given.</exception>
    public static IEventRecorder? TryCreate(PSObject target, string? name = null)
    {
        var duck = new DuckTypedObject(target);
        if (duck.FindMethod("Persist", "PersistAsync") is not { } method)
        {
            return null;
        }

        if (!duck.IsScript(method))
        {
            return new ObjectRecorder(target.BaseObject, name, ownsTarget: false);
        }

        // Without a name, two objects of script methods are told apart by their script: rows that one leaves behind are delivered by
        // the next of the same name.
        string displayName = name ?? duck.Name
            ?? (duck.GetScript(method) is { } script ? ScriptBlockFetcher.NameOf(script) : DuckTypedObject.TypeName(target));
        return new DuckTypedRecorder(duck, method, displayName, Runspace.DefaultRunspace);
    }

    /// <summary>
    /// Refuses to be waited for anywhere but in the runspace that the recorder was made in: nobody delivers while it waits.
    /// </summary>
    /// <exception cref="InvalidOperationException">The calling thread has another runspace.</exception>
    public void RequireRunspace()
    {
        if (Runspace.DefaultRunspace != _runspace)
        {
            throw new InvalidOperationException(
                $"The recorder {DisplayName} is script of another runspace and can take rows only there. Make it where it is used: inside "
                    + $"the thread job, the parallel block or the [powershell] object.");
        }
    }

    /// <inheritdoc/>
    public Task PersistAsync(StreamKey stream, BarFrame rows, CancellationToken cancellationToken)
    {
        // Outside of the script, which runs once more where the shell was stopped in the middle of it.
        int taken = 0;
        return PipelineDispatcher.InvokeScriptWhenPossibleAsync(
            _runspace,
            () =>
            {
                for (; taken < rows.Count; taken++)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    Persist(stream, rows, taken);
                }

                return true;
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public void BindStream(StreamKey stream) => _target.BindStream(stream);

    /// <inheritdoc/>
    public override string ToString() => DisplayName;

    private void Persist(StreamKey stream, BarFrame rows, int index)
    {
        BarRow row = rows.GetRow(index);
        try
        {
            _target.CallScript(_method, stream.NodeId, stream.Interval, row.Timestamp, PersistMethod.PayloadOf(typeof(object), row));
        }
        catch (Exception exception) when (exception is not PipelineStoppedException)
        {
            SourceException failure = ScriptFailure.ToSourceException($"{DisplayName}.{_method}", exception);
            throw new PartlyPersistedException(index, new StoreException(failure.Message, exception) { IsTransient = failure.IsTransient });
        }
    }
}
