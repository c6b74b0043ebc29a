using System.Globalization;
using Polly;
using Polly.CircuitBreaker;

namespace Qmtl.Gateway;

/// <summary>Stops asking a gateway that could not be reached several times in a row.</summary>
internal sealed class GatewayCircuit
{
    // Polly counts failures within a time, the longest of which is a day; here they count for as long as no request succeeds.
    private static readonly TimeSpan Memory = TimeSpan.FromDays(1);

    private readonly CircuitBreakerManualControl _control = new();
    private readonly ResiliencePipeline _pipeline;
    private readonly GatewayClientOptions _options;

    public GatewayCircuit(GatewayClientOptions options, TimeProvider clock)
    {
        _options = options;
        _pipeline = new ResiliencePipelineBuilder { TimeProvider = clock }
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions
            {
                FailureRatio = 1,
                MinimumThroughput = options.FailuresToOpenCircuit,
                SamplingDuration = Memory,
                BreakDuration = options.CircuitBreak,
                ManualControl = _control,
                ShouldHandle = static args =>
                    ValueTask.FromResult(args.Outcome.Exception is GatewayException { Kind: GatewayErrorKind.Unreachable }),
            })
            .Build();
    }

    /// <summary>Asks, unless the circuit is open.</summary>
    /// <param name="question">Who is asked for what, for the message.</param>
    /// <param name="ask">Asks. Only <see cref="GatewayErrorKind.Unreachable"/> counts as a failure.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="GatewayException">The circuit is open, or what <paramref name="ask"/> throws.</exception>
    public async Task<T> AskAsync<T>(string question, Func<CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        try
        {
            T answer = await _pipeline.ExecuteAsync(static async (ask, token) => await ask(token), ask, cancellationToken);

            // Polly weighs failures against successes; closing the circuit makes it forget both, so that only failures in a row count.
            await _control.CloseAsync(CancellationToken.None);
            return answer;
        }
        catch (BrokenCircuitException error)
        {
            TimeSpan wait = error.RetryAfter ?? _options.CircuitBreak;
            throw new GatewayException(
                GatewayErrorKind.CircuitOpen,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{question}, was not asked: it could not be reached {_options.FailuresToOpenCircuit} times in a row. It is tried "
                        + $"again in {Math.Ceiling(wait.TotalSeconds)} s; check that it runs."),
                error.InnerException)
            {
                RetryAfter = wait,
            };
        }
    }
}
