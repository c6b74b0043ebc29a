using BenchmarkDotNet.Running;
using Qmtl.Bench.Comparisons;
using Qmtl.Bench.Harness;

// dotnet run --project bench -c Release                      all comparisons with their goals
// dotnet run --project bench -c Release -- sqlite-fill ...   only the named ones
// dotnet run --project bench -c Release -- micro [options]   BenchmarkDotNet, with its own options
if (args is ["micro", .. string[] options])
{
    BenchmarkSwitcher.FromAssembly(typeof(ComparisonRunner).Assembly).Run(options);
    return 0;
}

IComparisonSet[] all = [new SqliteFill(), new QuestDbFill()];
IComparisonSet[] chosen = args.Length == 0 ? all : [.. all.Where(set => args.Contains(set.Name))];
if (chosen.Length == 0)
{
    Console.Error.WriteLine($"Nothing is named {string.Join(", ", args)}. There is: micro, {string.Join(", ", all.Select(set => set.Name))}.");
    return 2;
}

await ComparisonRunner.RunAsync(chosen, rounds: 5);
return 0;
