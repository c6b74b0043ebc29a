namespace Qmtl.Unit.Fixtures;

/// <summary>Says that every test of the class needs the QuestDB of the tests.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class RequiresQuestDbAttribute : Attribute;
