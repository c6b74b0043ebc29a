using System.Globalization;

namespace Qmtl.Bench.Harness;

/// <summary>Runs both sides of each comparison in turn, several times, and prints medians and their ratio as a Markdown table.</summary>
internal static class ComparisonRunner
{
    public static async Task RunAsync(IReadOnlyList<IComparisonSet> sets, int rounds)
    {
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Machine: {Environment.ProcessorCount} cores, {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 30} GiB, {System.Runtime.InteropServices.RuntimeInformation.OSDescription}, .NET {Environment.Version}. Medians of {rounds}."));
        Console.WriteLine();
        Console.WriteLine("| what | against | ours, s | other, s | ratio | goal | met |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        foreach (IComparisonSet set in sets)
        {
            await using (set)
            {
                if (await set.PrepareAsync() is { } reason)
                {
                    Console.WriteLine($"| {set.Name} | | | | | | skipped: {reason} |");
                    continue;
                }

                foreach (Comparison comparison in set.Comparisons())
                {
                    await RunAsync(comparison, rounds);
                }
            }
        }
    }

    private static async Task RunAsync(Comparison comparison, int rounds)
    {
        if (comparison.Other is null)
        {
            await RunAloneAsync(comparison, rounds);
            return;
        }

        var ours = new List<double>();
        var other = new List<double>();
        for (int round = 0; round <= rounds; round++)
        {
            // Whoever goes first finds colder caches; the sides take turns at it.
            bool oursFirst = round % 2 == 0;
            double first = (await MeasureAsync(oursFirst ? comparison.Ours : comparison.Other)).TotalSeconds;
            double second = (await MeasureAsync(oursFirst ? comparison.Other : comparison.Ours)).TotalSeconds;

            // The first round pays for compilation and is thrown away.
            if (round > 0)
            {
                ours.Add(oursFirst ? first : second);
                other.Add(oursFirst ? second : first);
            }
        }

        double oursMedian = Median(ours);
        double otherMedian = Median(other);
        double ratio = comparison.Goal.Ratio(oursMedian, otherMedian);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {comparison.What} | {comparison.Against} | {oursMedian:0.000} | {otherMedian:0.000} | {ratio:0.00} | {comparison.Goal.Text} | {(comparison.Goal.IsMet(ratio) ? "yes" : "no")} |"));
    }

    private static async Task RunAloneAsync(Comparison comparison, int rounds)
    {
        var ours = new List<double>();
        await MeasureAsync(comparison.Ours);
        for (int round = 0; round < rounds; round++)
        {
            ours.Add((await MeasureAsync(comparison.Ours)).TotalSeconds);
        }

        double median = Median(ours);
        double figure = comparison.Goal.Ratio(median, double.NaN);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {comparison.What} | {comparison.Against} | {median:0.000} | | {figure:0.0}{comparison.Goal.Unit} | {comparison.Goal.Text} | {(comparison.Goal.IsMet(figure) ? "yes" : "no")} |"));
    }

    private static Task<TimeSpan> MeasureAsync(Func<Task<TimeSpan>> side)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return side();
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        int middle = values.Count / 2;
        return values.Count % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    }
}
