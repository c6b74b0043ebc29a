namespace Qmtl.Unit.Fixtures;

/// <summary>A test that moves or deletes a file which somebody has open, and is skipped on Windows, which does not allow that.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class UnixFileFactAttribute : FactAttribute
{
    internal static readonly string? MissingReason = OperatingSystem.IsWindows() ? "Windows does not let an open file be moved or deleted." : null;

    public UnixFileFactAttribute() => Skip = MissingReason;
}
