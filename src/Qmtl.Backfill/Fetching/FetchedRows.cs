using System.Collections;
using System.Reflection;
using Qmtl.Data;

namespace Qmtl.Fetching;

/// <summary>Makes an answer of whatever a source of unknown type returned.</summary>
internal static class FetchedRows
{
    /// <summary>Waits for what is returned and reads its rows: null (none), <see cref="RawBars"/>, one row, rows one by one, or a task of any of these.</summary>
    /// <exception cref="SourceException">It is none of these.</exception>
    public static async Task<RawBars> ReadAsync(object? returned, CancellationToken cancellationToken)
    {
        switch (await UnwrapAsync(returned, cancellationToken))
        {
            case null:
                return RawBars.Empty;
            case RawBars bars:
                return bars;
            case string text:
                throw new SourceException($"The source returned the text '{(text.Length <= 40 ? text : text[..40] + "…")}' in place of rows.");
            case IDictionary row:
                return RawBars.FromRows([row]);
            case IEnumerable<KeyValuePair<string, object?>> row:
                return RawBars.FromRows([row]);
            case IAsyncEnumerable<object?> rows:
                return await CollectAsync(rows, cancellationToken);
            case IEnumerable rows:
                return Collect(rows, cancellationToken);
            case { } row:
                return row.GetType().IsPrimitive
                    ? throw new SourceException($"The source returned the {row.GetType().Name} {row} in place of rows.")
                    : RawBars.FromRows([row]);
        }
    }

    /// <summary>What is returned or, where that is a task, its result once it has ended; null where there is none.</summary>
    public static async Task<object?> UnwrapAsync(object? returned, CancellationToken cancellationToken)
    {
        Task? task = returned switch
        {
            Task already => already,
            ValueTask valueTask => valueTask.AsTask(),

            // A ValueTask<T> has no common type; AsTask is the one way in.
            { } value when value.GetType() is { IsGenericType: true } type && type.GetGenericTypeDefinition() == typeof(ValueTask<>) =>
                (Task)type.GetMethod(nameof(ValueTask.AsTask))!.Invoke(value, null)!,
            _ => null,
        };
        if (task is null)
        {
            return returned;
        }

        await task.WaitAsync(cancellationToken);
        PropertyInfo? result = task.GetType().GetProperty(nameof(Task<object>.Result));

        // An async method without a result is a task of a type that only the compiler knows.
        return result is null || result.PropertyType.Name == "VoidTaskResult" ? null : result.GetValue(task);
    }

    private static async Task<RawBars> CollectAsync(IAsyncEnumerable<object?> rows, CancellationToken cancellationToken)
    {
        var builder = new RawBarsBuilder();
        await foreach (object? row in rows.WithCancellation(cancellationToken))
        {
            builder.AddRow(row);
        }

        return builder.Build();
    }

    private static RawBars Collect(IEnumerable rows, CancellationToken cancellationToken)
    {
        var builder = new RawBarsBuilder();
        foreach (object? row in rows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            builder.AddRow(row);
        }

        return builder.Build();
    }
}
