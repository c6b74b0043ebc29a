namespace Qmtl.Unit.Cli;

/// <summary>A theory about signals, which Windows does not have.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class UnixTheoryAttribute : TheoryAttribute
{
    public UnixTheoryAttribute()
    {
        if (OperatingSystem.IsWindows())
        {
            Skip = "Windows has no SIGINT and SIGTERM to send to another process.";
        }
    }
}
