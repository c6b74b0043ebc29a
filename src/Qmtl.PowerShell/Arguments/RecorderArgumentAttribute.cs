using System.Management.Automation;
using Qmtl.Messages;
using Qmtl.PowerShell.Recording;
using Qmtl.PowerShell.Scripting;
using Qmtl.Recording;

namespace Qmtl.PowerShell.Arguments;

/// <summary>
/// Makes a recorder of what an operator gives for one: a recorder of New-QmtlRecorder, an <see cref="EventRecorderService"/>, or any
/// object with a <c>Persist(nodeId, interval, timestamp, payload)</c> method.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class RecorderArgumentAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        PSObject? wrapped = inputData is null ? null : PSObject.AsPSObject(inputData);
        try
        {
            return wrapped?.BaseObject switch
            {
                null => null,
                Recorder recorder => recorder,
                EventRecorderService service => Recorder.Of(service),
                string text => throw new ArgumentException(
                    $"A text is not a recorder. Make one with "
                        + $"New-QmtlRecorder{(text.Contains("://", StringComparison.Ordinal) || text.Contains('=') ? " -ConnectionString …" : $" -Path '{text}'")}."),
                _ => DuckTypedRecorder.TryCreate(wrapped) is { } made
                    ? Recorder.Of(new DuckTypedObject(wrapped).Identity, made)
                    : throw new ArgumentException(
                        $"An object of type {DuckTypedObject.TypeName(wrapped)} is not a recorder: it has no Persist(nodeId, interval, "
                            + $"timestamp, payload) method. Make one with New-QmtlRecorder, or give the object that method."),
            };
        }
        catch (ArgumentException exception)
        {
            throw new ArgumentTransformationMetadataException(PlainMessage.Of(exception), exception);
        }
    }
}
