namespace Qmtl.Unit.Fixtures;

/// <summary>A test over the real candles of <c>shared/data</c>; skipped where that folder is not on this machine.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SharedDataFactAttribute : FactAttribute
{
    /// <summary>A test that needs the folder.</summary>
    public SharedDataFactAttribute()
    {
        if (SharedData.Folder is null)
        {
            Skip = "The folder shared/data with real candles is neither beside the repository nor above it.";
        }
    }
}
