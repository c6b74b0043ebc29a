using System.Globalization;
using Qmtl.Backfill;
using Qmtl.Data;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Qmtl.Cli.Rendering;

/// <summary>A live display of a backfill: a bar for each stream that is under way, with what is being waited for.</summary>
internal sealed class BackfillProgress
{
    private readonly Dictionary<StreamKey, ProgressTask> _tasks;

    private BackfillProgress(ProgressContext context, IReadOnlyList<BackfillRequest> requests) =>
        _tasks = requests.Select(request => request.Stream).Distinct().ToDictionary(
            stream => stream, stream => context.AddTask(stream.ToString().EscapeMarkup(), autoStart: false).IsIndeterminate());

    /// <summary>Runs <paramref name="action"/> with a display that it feeds with the engine's events, or with none.</summary>
    /// <param name="console">Where the display is.</param>
    /// <param name="isLive">Whether there is a display at all.</param>
    /// <param name="requests">What is going to run.</param>
    /// <param name="action">The run; it may call what it is given from any thread.</param>
    public static Task ShowAsync(IAnsiConsole console, bool isLive, IReadOnlyList<BackfillRequest> requests, Func<Action<BackfillEvent>, Task> action) => !isLive
        ? action(static _ => { })
        : console.Progress()
            .AutoClear(true)
            .HideCompleted(true)
            .Columns(
                new TaskDescriptionColumn { Alignment = Justify.Left },
                new ProgressBarColumn(),
                new PercentageColumn(),
                new BarCountColumn(),
                new RemainingTimeColumn())
            .StartAsync(context => action(new BackfillProgress(context, requests).Show));

    private void Show(BackfillEvent happened)
    {
        ProgressTask task = _tasks[happened.Stream];
        string name = happened.Stream.ToString().EscapeMarkup();
        switch (happened)
        {
            case BackfillPlanned planned:
                task.MaxValue = Math.Max(1, planned.BarsMissing);
                task.IsIndeterminate = false;
                task.StartTask();
                break;
            case BackfillPageCommitted page:
                task.Description = name;
                task.Increment(page.BarsAsked);
                break;
            case BackfillRetrying retry:
                task.Description = string.Create(CultureInfo.InvariantCulture, $"{name} [yellow]retry {retry.Attempt} in {retry.Delay.TotalSeconds:0.0} s[/]");
                break;
            case BackfillRangeEnded { Result.Status: BackfillStatus.Completed or BackfillStatus.Empty }:
                task.IsIndeterminate = false;
                task.Value = task.MaxValue;
                break;
            case BackfillRangeEnded:
                task.StopTask();
                break;
        }
    }

    private sealed class BarCountColumn : ProgressColumn
    {
        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
            task.IsIndeterminate ? Text.Empty : new Text($"{Tables.Count((long)task.Value)} of {Tables.Count((long)task.MaxValue, "bar")}");
    }
}
