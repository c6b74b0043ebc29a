using System.Globalization;
using Qmtl.Backfill;
using Qmtl.Data;
using Qmtl.Messages;
using Qmtl.Telemetry.Progress;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Qmtl.Cli.Rendering;

/// <summary>
/// A live display of a backfill: a bar for the whole run where it is of several streams, and one for each stream that is under way.
/// </summary>
internal sealed class ProgressDisplay
{
    private const string Numbers = "numbers";
    private const int ShortestWaiting = 10;
    // What a row of the display takes is left for the whole, the prompt and the line that one types next.
    private const int LinesKept = 3;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private readonly ProgressContext _context;
    private readonly BackfillProgressTracker _tracker;
    private readonly ProgressTask? _whole;
    private readonly int _mostRows;
    private readonly DisplayLayout _layout;
    private readonly Dictionary<StreamKey, ProgressTask> _rows = [];

    private ProgressDisplay(ProgressContext context, BackfillProgressTracker tracker, int streams, Profile profile)
    {
        _context = context;
        _tracker = tracker;
        _mostRows = Math.Max(1, profile.Height - LinesKept);
        _layout = DisplayLayout.For(profile.Width);
        _whole = streams > 1 ? context.AddTask("Backfilling", maxValue: 1) : null;
    }

    /// <summary>Runs <paramref name="action"/> with a display that it feeds with the engine's events.</summary>
    /// <param name="console">Where the display is.</param>
    /// <param name="timeProvider">The clock for rates.</param>
    /// <param name="streams">How many requests are going to run.</param>
    /// <param name="action">The run; it may call what it is given from any thread.</param>
    public static Task ShowAsync(IAnsiConsole console, TimeProvider timeProvider, int streams, Func<Action<BackfillEvent>, Task> action)
    {
        var tracker = new BackfillProgressTracker(streams, timeProvider);
        return console.Progress()
            .AutoClear(true)
            .HideCompleted(true)
            .Columns(DisplayLayout.For(console.Profile.Width).CreateColumns())
            .StartAsync(async context =>
            {
                var display = new ProgressDisplay(context, tracker, streams, console.Profile);
                using var done = new CancellationTokenSource();
                Task showing = display.ShowUntilAsync(done.Token);
                try
                {
                    await action(tracker.Add);
                }
                finally
                {
                    await done.CancelAsync();
                    await showing;
                }
            });
    }

    private async Task ShowUntilAsync(CancellationToken done)
    {
        using var timer = new PeriodicTimer(Interval);
        try
        {
            do
            {
                Show(_tracker.Read());
            }
            while (await timer.WaitForNextTickAsync(done));
        }
        catch (OperationCanceledException)
        {
            // The run has ended.
        }
    }

    private void Show(BackfillProgress progress)
    {
        if (_whole is not null)
        {
            _whole.Description = Shorten(
                string.Create(CultureInfo.InvariantCulture, $"Backfilling, {progress.StreamsEnded} of {progress.Streams} done"),
                _layout.DescriptionWidth);
            Update(
                _whole,
                progress.Fraction,
                new RowNumbers(progress.BarsDone, progress.BarsPlanned, progress.BarsPerSecond, progress.TimeLeft));
        }

        var gone = _rows.Where(row => progress.Active.All(active => active.Stream != row.Key)).ToList();
        foreach ((StreamKey stream, ProgressTask row) in gone)
        {
            row.StopTask();
            _rows.Remove(stream);
        }

        foreach (StreamProgress active in progress.Active)
        {
            if (!_rows.TryGetValue(active.Stream, out ProgressTask? row))
            {
                if (_rows.Count == _mostRows)
                {
                    continue;
                }

                row = _context.AddTask(PlainText.OneLine(active.Stream.ToString()).EscapeMarkup(), maxValue: 1);
                _rows.Add(active.Stream, row);
            }

            row.Description = Describe(active);
            Update(row, active.Fraction, new RowNumbers(active.BarsDone, active.BarsPlanned, active.BarsPerSecond, active.TimeLeft));
        }
    }

    private string Describe(StreamProgress stream)
    {
        string name = Shorten(PlainText.OneLine(stream.Stream.ToString()), _layout.DescriptionWidth);
        int left = _layout.DescriptionWidth - name.Length - 1;
        return stream.Waiting is { } waiting && left > ShortestWaiting
            ? $"{name.EscapeMarkup()} [yellow]{Shorten(PlainText.OneLine(waiting), left).EscapeMarkup()}[/]"
            : name.EscapeMarkup();
    }

    private static string Shorten(string text, int width) => text.Length <= width ? text : text[..(width - 1)] + "…";

    private static void Update(ProgressTask row, double? fraction, RowNumbers numbers)
    {
        row.IsIndeterminate = fraction is null;
        row.State.Update<RowNumbers>(Numbers, _ => numbers);

        // A finished row is hidden, and it is finished only when its stream has ended.
        row.Value = Math.Min(fraction ?? 0, 0.9999);
    }

    /// <summary>What there is room for on a line, so that none of it breaks.</summary>
    private readonly record struct DisplayLayout(int DescriptionWidth, int BarWidth, bool ShowsRate)
    {
        // Each with the space behind it: "1,234,567 of 12,345,678 bars", "123,456 bars/s", "0:12:34" or "1.00:12:34", and "100%".
        private const int BarsWidth = 29;
        private const int RateWidth = 15;
        private const int TimeWidth = 11;
        private const int PercentageWidth = 5;
        private const int ShortestDescription = 20;

        public static DisplayLayout For(int width) => width switch
        {
            < 100 => Create(width, 0, showsRate: false),
            < 120 => Create(width, 10, showsRate: true),
            _ => Create(width, width < 160 ? 20 : 40, showsRate: true),
        };

        public ProgressColumn[] CreateColumns() =>
        [
            new TaskDescriptionColumn { Alignment = Justify.Left },
            .. BarWidth > 0 ? [new ProgressBarColumn { Width = BarWidth }] : Array.Empty<ProgressColumn>(),
            new PercentageColumn(),
            new NumbersColumn(progress => progress.Bars),
            .. ShowsRate ? [new NumbersColumn(progress => progress.Rate)] : Array.Empty<ProgressColumn>(),
            new NumbersColumn(progress => progress.TimeLeft),
        ];

        private static DisplayLayout Create(int width, int barWidth, bool showsRate)
        {
            int others = BarsWidth + TimeWidth + PercentageWidth + (showsRate ? RateWidth : 0) + (barWidth > 0 ? barWidth + 1 : 0);
            return new DisplayLayout(Math.Max(ShortestDescription, width - others), barWidth, showsRate);
        }
    }

    private readonly record struct RowNumbers(long Done, long? Planned, double? PerSecond, TimeSpan? Left)
    {
        public string Bars =>
            Planned is { } planned
                ? $"{Amounts.Count(Done)} of {Amounts.Count(planned, "bar")}"
                : Done > 0 ? Amounts.Count(Done, "bar") : "";

        public string Rate => PerSecond is { } rate ? string.Create(CultureInfo.InvariantCulture, $"{rate:N0} bars/s") : "";

        // Days too: minutes of many years from a source that allows few requests take that long.
        public string TimeLeft =>
            Left is { } left
                ? left.ToString(left < TimeSpan.FromDays(1) ? @"h\:mm\:ss" : @"d\.hh\:mm\:ss", CultureInfo.InvariantCulture)
                : "-:--:--";
    }

    private sealed class NumbersColumn(Func<RowNumbers, string> text) : ProgressColumn
    {
        protected override bool NoWrap => true;

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
            new Text(text(task.State.Get<RowNumbers>(Numbers)));
    }
}
