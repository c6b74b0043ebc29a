using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Runtime.CompilerServices;
using Qmtl.PowerShell.Pipeline;
using Qmtl.Recording;

namespace Qmtl.PowerShell.Recording;

/// <summary>What New-QmtlRecorder makes: a service that records without keeping anybody waiting, and can be disposed from a prompt.</summary>
public sealed class Recorder : IDisposable, IAsyncDisposable
{
    private static readonly ConditionalWeakTable<object, Recorder> Known = [];

    private static readonly ScriptBlock WriteWarning = ScriptBlock.Create("param($Message) Microsoft.PowerShell.Utility\\Write-Warning -Message $Message");

    private Recorder(EventRecorderService service) => Service = service;

    /// <summary>What and where it records to: no password, no user.</summary>
    public string DisplayName => Service.Recorder.DisplayName;

    /// <summary>The service, for .NET code.</summary>
    public EventRecorderService Service { get; }

    /// <summary>The recorder of a service that somebody else made.</summary>
    internal static Recorder Of(EventRecorderService service) => Known.GetValue(service, key => new Recorder((EventRecorderService)key));

    /// <summary>The recorder of an object with a Persist method: one for each object, however often it is given.</summary>
    internal static Recorder Of(object target, IEventRecorder recorder) => Known.GetValue(target, _ => Open(recorder, null));

    /// <summary>A recorder of its own.</summary>
    internal static Recorder Open(IEventRecorder recorder, EventRecorderOptions? options)
    {
        Runspace? home = Runspace.DefaultRunspace;
        return new Recorder(new EventRecorderService(recorder, options, onEvent: happened =>
        {
            if (home is not null && RecorderStory.Describe(happened) is { } warning)
            {
                PipelineDispatcher.Warn(home, warning);
            }
        }));
    }

    /// <summary>What became of the rows so far.</summary>
    public RecorderReport GetReport() => Service.GetReport();

    /// <summary>
    /// Delivers what is still to be delivered, for 30 seconds at most, and closes the recorder. What is left then stays in the spool
    /// for the next recorder to the same place, and a warning in the calling script says how much that is; so does <see cref="GetReport"/>.
    /// </summary>
    public void Dispose()
    {
        // A recorder of script needs this thread meanwhile.
        using var cancellation = new CancellationTokenSource();
        PipelineDispatcher.Run(_ => Service.DisposeAsync().AsTask(), Warn, cancellation);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Service.DisposeAsync();

    /// <summary>What and where it records to.</summary>
    public override string ToString() => DisplayName;

    // A method has no warning stream of its own; a command that it runs has.
    private static void Warn(string message) => WriteWarning.Invoke(message);
}
