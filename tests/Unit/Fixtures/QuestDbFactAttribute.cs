namespace Qmtl.Unit.Fixtures;

/// <summary>A test that needs the QuestDB of the tests, and is skipped with that reason where none is named.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class QuestDbFactAttribute : FactAttribute
{
    public QuestDbFactAttribute() => Skip = QuestDbServer.MissingReason;
}
