using System.Management.Automation.Runspaces;
using Qmtl.PowerShell.Pipeline;
using Qmtl.Recording;

namespace Qmtl.PowerShell.Recording;

/// <summary>
/// Who is warned of what happens to a recorder: the commands that follow it, in whichever runspace they run, or else whatever Qmtl
/// command runs in the runspace that made it.
/// </summary>
internal sealed class RecorderAudience
{
    private readonly Runspace? _home = Runspace.DefaultRunspace;
    private readonly Lock _gate = new();
    private readonly List<Action<string>> _followers = [];

    /// <summary>Has a command told, until what is returned is disposed.</summary>
    public IDisposable Add(Action<string> warn)
    {
        lock (_gate)
        {
            _followers.Add(warn);
        }

        return new Following(this, warn);
    }

    /// <summary>Tells an event that is worth a warning; from any thread.</summary>
    public void Tell(RecorderEvent happened)
    {
        if (RecorderStory.Describe(happened) is not { } warning)
        {
            return;
        }

        Action<string>[] followers;
        lock (_gate)
        {
            followers = [.. _followers];
        }

        foreach (Action<string> warn in followers)
        {
            warn(warning);
        }

        if (followers.Length == 0 && _home is not null)
        {
            PipelineDispatcher.Warn(_home, warning);
        }
    }

    private sealed class Following(RecorderAudience audience, Action<string> warn) : IDisposable
    {
        public void Dispose()
        {
            lock (audience._gate)
            {
                audience._followers.Remove(warn);
            }
        }
    }
}
