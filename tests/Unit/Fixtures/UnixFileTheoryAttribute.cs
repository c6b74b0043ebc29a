namespace Qmtl.Unit.Fixtures;

/// <summary>A theory that moves or deletes a file which somebody has open, and is skipped on Windows, which does not allow that.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class UnixFileTheoryAttribute : TheoryAttribute
{
    public UnixFileTheoryAttribute() => Skip = UnixFileFactAttribute.MissingReason;
}
