namespace Qmtl.Unit.Fixtures;

/// <summary>A test that needs Chromium with its driver, and is skipped with that reason where the machine has none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class BrowserFactAttribute : FactAttribute
{
    public BrowserFactAttribute() => Skip = Browser.MissingReason;
}
