using System.Management.Automation.Runspaces;
using Qmtl.PowerShell.Pipeline;
using Qmtl.Recording;

namespace Qmtl.PowerShell.Recording;

/// <summary>
/// Who is warned of what happens to a recorder: the commands that follow it, in whichever runspace they run, or else whatever Qmtl
/// command runs in the runspace that made it. What happens to rows while nobody can be told waits for the next that follows.
/// </summary>
internal sealed class RecorderAudience
{
    // Beyond, the newest say enough.
    private const int MostUntold = 20;

    private readonly Runspace? _home = Runspace.DefaultRunspace;
    private readonly Lock _gate = new();
    private readonly List<Action<string>> _followers = [];
    private readonly Queue<string> _untold = new();

    /// <summary>Has a command told, until what is returned is disposed.</summary>
    public IDisposable Add(Action<string> warn)
    {
        string[] untold;
        lock (_gate)
        {
            _followers.Add(warn);
            untold = [.. _untold];
            _untold.Clear();
        }

        Array.ForEach(untold, warn);
        return new Following(this, warn);
    }

    /// <summary>Tells an event that is worth a warning; from any thread.</summary>
    public void Tell(RecorderEvent happened)
    {
        if (happened is RecorderFlushed or RecorderClosed { Report: { Queued: 0, Dropped: 0 } })
        {
            return;
        }

        string warning = happened.Text;

        // That it is away or full is over by the time that somebody can be told.
        bool isLasting = happened is RecorderWarned or RecorderSpoolDamaged or RecorderRowsRefused;

        Action<string>[] followers;
        lock (_gate)
        {
            followers = [.. _followers];
            if (followers.Length == 0 && !TryWarnHome(warning) && isLasting)
            {
                _untold.Enqueue(warning);
                if (_untold.Count > MostUntold)
                {
                    _untold.Dequeue();
                }
            }
        }

        Array.ForEach(followers, warn => warn(warning));
    }

    private bool TryWarnHome(string warning) => _home is not null && PipelineDispatcher.TryWarn(_home, warning);

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
