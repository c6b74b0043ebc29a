namespace Qmtl.Unit.Fixtures;

/// <summary>A theory that needs the QuestDB of the tests, and is skipped with that reason where none is named.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class QuestDbTheoryAttribute : TheoryAttribute
{
    public QuestDbTheoryAttribute() => Skip = QuestDbServer.MissingReason;
}
