using System.Management.Automation;
using Qmtl.PowerShell.Arguments;
using Qmtl.PowerShell.Pipeline;
using Qmtl.PowerShell.Recording;
using Qmtl.PowerShell.Scripting;
using Qmtl.Recording;

namespace Qmtl.PowerShell.Commands;

/// <summary>Makes a recorder: it takes rows without keeping anybody waiting and brings them to a store.</summary>
[Cmdlet(VerbsCommon.New, "QmtlRecorder", DefaultParameterSetName = PathSet)]
[OutputType(typeof(Recorder))]
public sealed class NewQmtlRecorderCommand : StoreCommand
{
    private const string InputObjectSet = "InputObject";

    /// <summary>The SQLite file, which is created when first written.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = PathSet)]
    [ValidateNotNullOrEmpty]
    [ValidateStorePath]
    public string? Path { get; set; }

    /// <summary>Any object with a method Persist(nodeId, interval, timestamp, payload).</summary>
    [Parameter(Mandatory = true, ParameterSetName = InputObjectSet)]
    [ValidateNotNull]
    public PSObject? InputObject { get; set; }

    /// <summary>The recorder's name; the object's own by default.</summary>
    [Parameter(ParameterSetName = InputObjectSet)]
    [ValidateNotNullOrEmpty]
    public string? Name { get; set; }

    /// <summary>The folder where rows wait until they are delivered; in the user's state folder by default.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? SpoolPath { get; set; }

    /// <summary>The most bytes that waiting rows take on disk; 256 MB by default. Beyond it, recording waits.</summary>
    [Parameter]
    [ValidateRange(EventRecorderOptions.LeastLimit, long.MaxValue)]
    public long SpoolLimit { get; set; } = new EventRecorderOptions().SpoolLimit;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        try
        {
            var options = new EventRecorderOptions
            {
                SpoolFolder = SpoolPath is null ? null : ArgumentPath.Resolve(this, SpoolPath),
                SpoolLimit = SpoolLimit,
            };
            var recorder = Recorder.Open(OpenTarget(), options);
            WriteVerbose(
                $"Rows are recorded to {recorder.DisplayName}; until they are there, they are kept in {recorder.GetReport().SpoolFolder}.");
            WriteObject(recorder);
        }
        catch (Exception exception) when (ErrorRecords.IsForOperator(exception))
        {
            // The target is not the connection string: that may hold a password.
            ThrowTerminatingError(ErrorRecords.From(exception, Path));
        }
    }

    private IEventRecorder OpenTarget() => ParameterSetName switch
    {
        InputObjectSet => DuckTypedRecorder.TryCreate(InputObject!, Name) ?? throw new ArgumentException(
            $"An object of type {DuckTypedObject.TypeName(InputObject!)} is not a recorder: it has no Persist(nodeId, interval, timestamp, "
                + $"payload) method. Give the object that method."),
        _ => new StoreRecorder(OpenStore(Path)),
    };
}
