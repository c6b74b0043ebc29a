namespace Qmtl.Unit.BadWeather;

/// <summary>A theory that needs a <see cref="SmallDisk"/>, and is skipped with the reason where there can be none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SmallDiskTheoryAttribute : TheoryAttribute
{
    public SmallDiskTheoryAttribute() => Skip = SmallDisk.MissingReason;
}
