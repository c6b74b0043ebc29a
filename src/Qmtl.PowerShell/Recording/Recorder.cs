using System.Globalization;
using System.Management.Automation;
using System.Runtime.CompilerServices;
using Qmtl.Messages;
using Qmtl.PowerShell.Pipeline;
using Qmtl.PowerShell.Scripting;
using Qmtl.Recording;

namespace Qmtl.PowerShell.Recording;

/// <summary>
/// What New-QmtlRecorder makes: a service that records without keeping anybody waiting, and can be disposed from a prompt.
/// </summary>
public sealed class Recorder : IDisposable, IAsyncDisposable
{
    private static readonly ConditionalWeakTable<object, Recorder> Known = [];

    private static readonly ScriptBlock WriteWarning = ScriptBlock.Create(
        "param($Message) Microsoft.PowerShell.Utility\\Write-Warning -Message $Message");

    private readonly RecorderAudience _audience;

    private Recorder(EventRecorderService service, RecorderAudience audience)
    {
        Service = service;
        _audience = audience;
    }

    /// <summary>What and where it records to: no password, no user.</summary>
    public string DisplayName => Service.Destination.DisplayName;

    /// <summary>The service, for .NET code.</summary>
    public EventRecorderService Service { get; }

    /// <summary>The recorder of a service; one that somebody else made tells its events to whoever made it.</summary>
    internal static Recorder Of(EventRecorderService service) =>
        Known.GetValue(service, key => new Recorder((EventRecorderService)key, new RecorderAudience()));

    /// <summary>The recorder of an object with a Persist method: one for each object, however often it is given.</summary>
    internal static Recorder Of(object target, IEventRecorder recorder) => Known.GetValue(target, _ => Open(recorder, null));

    /// <summary>A recorder of its own.</summary>
    internal static Recorder Open(IEventRecorder recorder, EventRecorderOptions? options)
    {
        var audience = new RecorderAudience();

        // Script is not away while it takes its time, and it has its turn only while a command waits for it.
        options = recorder is DuckTypedRecorder
            ? (options ?? new EventRecorderOptions()) with { Patience = TimeSpan.FromHours(1) }
            : options;
        var service = new EventRecorderService(recorder, options, onEvent: audience.Tell);
        var opened = new Recorder(service, audience);
        Known.Add(service, opened);
        return opened;
    }

    /// <summary>Makes sure that rows can be delivered while the calling thread's runspace waits for it.</summary>
    /// <exception cref="InvalidOperationException">It is script of another runspace.</exception>
    internal void RequireRunspace() => (Service.Destination as DuckTypedRecorder)?.RequireRunspace();

    /// <summary>
    /// Tells a command that may come to wait for deliveries what happens to them, and at once where the recorder is away already.
    /// </summary>
    /// <param name="warn">Writes a warning; called from any thread.</param>
    /// <returns>Disposed, it tells the command no more.</returns>
    internal IDisposable Follow(Action<string> warn)
    {
        IDisposable following = _audience.Add(warn);
        if (GetReport() is { IsAway: true } report)
        {
            warn(RecorderAway.Describe(DisplayName, report.LastError));
        }

        return following;
    }

    /// <summary>The warning of rows that nobody waits for any longer; null where there are none.</summary>
    internal string? DescribeWaiting() => GetReport() is { Queued: > 0 } report
        ? string.Create(
            CultureInfo.InvariantCulture,
            $"{DisplayName}: {report.Queued} rows are not delivered yet. They are kept in {report.SpoolFolder} and delivered when it takes "
                + $"them, after this shell's end by the next recorder to the same place.")
        : null;

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
        PipelineDispatcher.Run(
            async dispatcher =>
            {
                using IDisposable following = Follow(warning => dispatcher.Post(() => Warn(warning)));
                await Service.DisposeAsync();
            },
            Warn,
            cancellation);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Service.DisposeAsync();

    /// <summary>What and where it records to.</summary>
    public override string ToString() => DisplayName;

    // A method has no warning stream of its own; a command that it runs has.
    private static void Warn(string message) => WriteWarning.Invoke(PlainText.Escape(message));
}
