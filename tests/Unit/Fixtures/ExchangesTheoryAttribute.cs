namespace Qmtl.Unit.Fixtures;

/// <summary>A theory over what real exchanges answered; it is skipped where the folder with that is not there.</summary>
internal sealed class ExchangesTheoryAttribute : TheoryAttribute
{
    public ExchangesTheoryAttribute() => Skip = SharedData.ExchangesFolder is null
        ? "The folder shared/exchanges with recorded answers is neither beside the repository nor above it."
        : null;
}
