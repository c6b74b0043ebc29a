namespace Qmtl.Unit.Shell;

/// <summary>A test that needs PowerShell, and is skipped with that reason where it is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PowerShellFactAttribute : FactAttribute
{
    /// <summary>Looks for it.</summary>
    public PowerShellFactAttribute() => Skip = PowerShellProcess.WhyNoPester;
}
