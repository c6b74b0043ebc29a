using Qmtl.Simulation.Faults;
using Qmtl.Simulation.Markets;

namespace Qmtl.Simulation.Http;

/// <summary>What a request for candles asks.</summary>
/// <param name="Symbol">The symbol as it was written.</param>
/// <param name="IntervalText">The interval as it was written.</param>
/// <param name="Start">The first open, Unix seconds rounded up; null for none.</param>
/// <param name="End">The last open, Unix seconds rounded down; null for none.</param>
/// <param name="Limit">The most rows.</param>
internal abstract record Question(string Symbol, string IntervalText, long? Start, long? End, int Limit);

/// <summary>Whether a request may pass.</summary>
/// <param name="Refusal">The answer where it may not; null where it may.</param>
/// <param name="Headers">What every answer tells of the limits.</param>
internal sealed record Pass(Answer? Refusal, IReadOnlyDictionary<string, string> Headers);

/// <summary>How an exchange is asked for candles and answers.</summary>
internal interface ISimulatedApi
{
    IReadOnlyCollection<ISimulatedMarket> Markets { get; }

    /// <summary>What a request asks; null where it asks for no candles.</summary>
    Question? Read(LoopbackRequest request);

    /// <summary>The answer to a request that asks for no candles.</summary>
    Answer AnswerTo(LoopbackRequest request);

    /// <summary>Counts a request for the limits.</summary>
    Pass Use(Question question);

    /// <summary>The answer to a request for candles.</summary>
    Answer AnswerTo(Question question, SimulatedRequest request, SimulatedFault? fault);
}
