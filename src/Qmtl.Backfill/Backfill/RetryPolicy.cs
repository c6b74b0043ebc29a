using Polly;
using Polly.Retry;
using Qmtl.Fetching;

namespace Qmtl.Backfill;

/// <summary>
/// Repeats what failed for a passing reason, with a delay that doubles and jitters, or the one that the source asked for.
/// </summary>
internal sealed class RetryPolicy
{
    private static readonly ResiliencePropertyKey<Action<int, TimeSpan, Exception>> OnRetryKey = new("qmtl.on-retry");

    private readonly ResiliencePipeline _pipeline;

    public RetryPolicy(BackfillOptions options, TimeProvider timeProvider)
    {
        var builder = new ResiliencePipelineBuilder { TimeProvider = timeProvider };
        if (options.MaxRetries > 0)
        {
            builder.AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = options.MaxRetries,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = options.RetryDelay,
                MaxDelay = TimeSpan.FromSeconds(30),
                ShouldHandle = args => ValueTask.FromResult(
                    args.Outcome.Exception is { } error
                    && !args.Context.CancellationToken.IsCancellationRequested
                    && TransientErrors.IsTransient(error)
                    && !(error is SourceException { RetryAfter: { } asked } && asked > options.MaxRetryAfter)),
                DelayGenerator = args => ValueTask.FromResult(LongerRetryAfter(args, options.RetryDelay)),
                OnRetry = args =>
                {
                    if (args.Context.Properties.TryGetValue(OnRetryKey, out Action<int, TimeSpan, Exception>? onRetry))
                    {
                        onRetry(args.AttemptNumber + 1, args.RetryDelay, args.Outcome.Exception!);
                    }

                    return ValueTask.CompletedTask;
                },
            });
        }

        _pipeline = builder.Build();
    }

    // Null leaves the delay to the strategy: a source that asks for less than the usual delay does not get hammered for it.
    private static TimeSpan? LongerRetryAfter(RetryDelayGeneratorArguments<object> args, TimeSpan firstDelay) =>
        args.Outcome.Exception is { } error
            && TransientErrors.RetryAfter(error) is { } asked
            && asked >= firstDelay * Math.Pow(2, args.AttemptNumber)
            ? asked
            : null;

    /// <summary>Runs <paramref name="action"/>, again where that may help.</summary>
    /// <param name="action">What to do.</param>
    /// <param name="onRetry">Told before each wait: the number of the retry from 1, the delay, the error.</param>
    /// <param name="cancellationToken">Ends waits at once.</param>
    public async Task<T> ExecuteAsync<T>(
        Func<CancellationToken, Task<T>> action, Action<int, TimeSpan, Exception> onRetry, CancellationToken cancellationToken)
    {
        ResilienceContext context = ResilienceContextPool.Shared.Get(cancellationToken);
        try
        {
            context.Properties.Set(OnRetryKey, onRetry);
            return await _pipeline.ExecuteAsync(
                static async (ctx, act) => await act(ctx.CancellationToken), context, action);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }
}
