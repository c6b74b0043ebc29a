using System.Management.Automation;
using Qmtl.PowerShell.Recording;
using Qmtl.PowerShell.Scripting;
using Qmtl.Recording;

namespace Qmtl.PowerShell.Arguments;

/// <summary>
/// Makes a recorder of what an operator gives for one: a recorder of New-QmtlRecorder, an <see cref="EventRecorderService"/>, or any
/// object with a <c>Persist(nodeId, interval, timestamp, payload)</c> method.
/// </summary>
public sealed class RecorderArgumentAttribute : OperatorArgumentAttribute
{
    /// <inheritdoc/>
    protected override object? Make(object given)
    {
        PSObject wrapped = PSObject.AsPSObject(given);
        return wrapped.BaseObject switch
        {
            Recorder recorder => recorder,
            EventRecorderService service => Recorder.Of(service),
            string text => throw TextIsNo("recorder", "New-QmtlRecorder", text),
            _ => DuckTypedRecorder.TryCreate(wrapped) is { } made
                ? Recorder.Of(new DuckTypedObject(wrapped).Identity, made)
                : throw new ArgumentException(
                    $"An object of type {DuckTypedObject.TypeName(wrapped)} is not a recorder: it has no Persist(nodeId, interval, "
                        + $"timestamp, payload) method. Make one with New-QmtlRecorder, or give the object that method."),
        };
    }
}
