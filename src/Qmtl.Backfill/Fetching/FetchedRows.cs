using System.Collections;
using System.Data;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Qmtl.Data;
using Qmtl.Messages;

namespace Qmtl.Fetching;

/// <summary>Makes an answer of whatever a source of unknown type returned.</summary>
internal static class FetchedRows
{
    /// <summary>
    /// Waits for what is returned and reads its rows: <see cref="RawBars"/>, one row, rows one by one, a table, a data reader (which is
    /// disposed), JSON, or a task of any of these.
    /// </summary>
    /// <exception cref="SourceException">It is none of these, or null, which may be anything.</exception>
    public static async Task<RawBars> ReadAsync(object? returned, CancellationToken cancellationToken)
    {
        returned = await UnwrapAsync(returned, cancellationToken);
        switch (returned)
        {
            case null:
                throw new SourceException(
                    "The source returned null in place of rows, which may be anything. Where it has no bars it must return an empty list.");
            case RawBars bars:
                return bars;
            case string text:
                throw new SourceException($"The source returned the text '{PlainText.OneLine(text, 40)}' in place of rows.");
            case DataSet set:
                throw new SourceException(
                    $"The source returned a DataSet of {set.Tables.Count} tables in place of rows. Return the one table that has them.");
            case DataTable table:
                return Collect(table.Rows, cancellationToken);
            case IDataReader reader:
                return Collect(reader, cancellationToken);
            case JsonDocument or JsonNode or JsonElement:
                return Collect(JsonSerializer.SerializeToElement(returned));
            case { } row when RowFields.IsDictionary(row):
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

    /// <summary>The answer that the rows make.</summary>
    /// <exception cref="SourceException">Most of their times are dates in digits, and others are not.</exception>
    public static RawBars Build(RawBarsBuilder rows)
    {
        try
        {
            return rows.Build();
        }
        catch (FormatException misread)
        {
            throw new SourceException(misread.Message, misread);
        }
    }

    private static async Task<RawBars> CollectAsync(IAsyncEnumerable<object?> rows, CancellationToken cancellationToken)
    {
        var builder = new RawBarsBuilder();
        await foreach (object? row in rows.WithCancellation(cancellationToken))
        {
            builder.AddRow(row);
        }

        return Build(builder);
    }

    // What is in the reader's row is gone with the next one, so each is taken at once.
    private static RawBars Collect(IDataReader reader, CancellationToken cancellationToken)
    {
        using (reader)
        {
            var builder = new RawBarsBuilder();
            while (reader.Read())
            {
                cancellationToken.ThrowIfCancellationRequested();
                builder.AddRow(reader);
            }

            return Build(builder);
        }
    }

    private static RawBars Collect(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.Undefined => RawBars.Empty,
        JsonValueKind.Object => RawBars.FromRows([json]),
        JsonValueKind.Array => Collect(json.EnumerateArray(), CancellationToken.None),
        _ => throw new SourceException($"The source returned the JSON {PlainText.OneLine(json.GetRawText(), 40)} in place of rows."),
    };

    private static RawBars Collect(IEnumerable rows, CancellationToken cancellationToken)
    {
        var builder = new RawBarsBuilder();
        foreach (object? row in rows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            builder.AddRow(row);
        }

        return Build(builder);
    }
}
