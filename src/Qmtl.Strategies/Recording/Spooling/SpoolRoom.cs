using System.Diagnostics.CodeAnalysis;

namespace Qmtl.Recording.Spooling;

/// <summary>Lets those who record wait until the spool has room again.</summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "A SemaphoreSlim whose wait handle is never taken holds nothing to release.")]
internal sealed class SpoolRoom
{
    // Room on a full disk is made by others, who tell nobody: whoever waits looks again by itself.
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _announced = new(0);
    private int _expecting;

    /// <summary>Whether somebody waits, or is about to.</summary>
    public bool IsExpected => Volatile.Read(ref _expecting) > 0;

    /// <summary>Says, under the spool's lock, that one more is going to wait.</summary>
    public void Expect() => Interlocked.Increment(ref _expecting);

    /// <summary>Says, under the spool's lock, that there is room for all who wait to try again.</summary>
    public void Announce()
    {
        int untold = Volatile.Read(ref _expecting) - _announced.CurrentCount;
        if (untold > 0)
        {
            _announced.Release(untold);
        }
    }

    /// <summary>Waits until there may be room. That there is none after all is found out by trying.</summary>
    public void Wait(CancellationToken cancellationToken)
    {
        try
        {
            _ = _announced.Wait(LookAgain, cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref _expecting);
        }
    }

    /// <inheritdoc cref="Wait"/>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        try
        {
            _ = await _announced.WaitAsync(LookAgain, cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref _expecting);
        }
    }
}
