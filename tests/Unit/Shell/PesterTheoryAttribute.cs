namespace Qmtl.Unit.Shell;

/// <summary>A theory that needs PowerShell and Pester; skipped as one where either is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PesterTheoryAttribute : TheoryAttribute
{
    /// <summary>Looks for both.</summary>
    public PesterTheoryAttribute() => Skip = PowerShellProcess.WhyNoPester;
}
