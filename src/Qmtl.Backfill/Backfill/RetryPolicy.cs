using System.Runtime.ExceptionServices;
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
    private readonly BackfillOptions _options;

    public RetryPolicy(BackfillOptions options, TimeProvider timeProvider)
    {
        _options = options;
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
                    args.Outcome.Exception is { } error && MayHelp(error, args.Context.CancellationToken)),
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

    /// <summary>Runs <paramref name="action"/>, again where that may help.</summary>
    /// <param name="action">What to do.</param>
    /// <param name="onRetry">Told before each wait: the number of the retry from 1, the delay, the error.</param>
    /// <param name="cancellationToken">Ends waits at once.</param>
    public async Task<T> ExecuteAsync<T>(
        Func<CancellationToken, Task<T>> action, Action<int, TimeSpan, Exception> onRetry, CancellationToken cancellationToken)
    {
        // Nearly everything succeeds, and of what does not the pipeline is told: going through it takes longer than a small action does.
        cancellationToken.ThrowIfCancellationRequested();
        ExceptionDispatchInfo first;
        try
        {
            return await action(cancellationToken);
        }
        catch (Exception error) when (MayHelp(error, cancellationToken))
        {
            first = ExceptionDispatchInfo.Capture(error);
        }

        ResilienceContext context = ResilienceContextPool.Shared.Get(cancellationToken);
        try
        {
            context.Properties.Set(OnRetryKey, onRetry);
            bool isFirst = true;
            return await _pipeline.ExecuteAsync(
                async ctx =>
                {
                    if (isFirst)
                    {
                        isFirst = false;
                        first.Throw();
                    }

                    return await action(ctx.CancellationToken);
                },
                context);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private bool MayHelp(Exception error, CancellationToken cancellationToken) =>
        _options.MaxRetries > 0
        && !cancellationToken.IsCancellationRequested
        && TransientErrors.IsTransient(error)
        && !(error is SourceException { RetryAfter: { } asked } && asked > _options.MaxRetryAfter);

    // Null leaves the delay to the strategy: a source that asks for less than the usual delay does not get hammered for it.
    private static TimeSpan? LongerRetryAfter(RetryDelayGeneratorArguments<object> args, TimeSpan firstDelay) =>
        args.Outcome.Exception is { } error
            && TransientErrors.RetryAfter(error) is { } asked
            && asked >= firstDelay * Math.Pow(2, args.AttemptNumber)
            ? asked
            : null;
}
