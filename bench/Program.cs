using BenchmarkDotNet.Running;
using Qmtl.Bench.Comparisons;
using Qmtl.Bench.Harness;

// dotnet run --project bench -c Release                      all comparisons with their goals
// dotnet run --project bench -c Release -- sqlite-fill ...   only the named ones
// dotnet run --project bench -c Release -- micro [options]   BenchmarkDotNet, with its own options
const string Memory = "memory";
if (args is ["micro", .. string[] options])
{
    BenchmarkSwitcher.FromAssembly(typeof(ComparisonRunner).Assembly).Run(options);
    return 0;
}

if (args is ["memory-here", var store])
{
    await (store switch
    {
        "questdb" => PeakMemory.IntoQuestDbAsync(),
        "newest" => PeakMemory.OfNewestBarsAsync(),
        _ => PeakMemory.IntoSqliteAsync(),
    });
    return 0;
}

IComparisonSet[] all = [new PostgreSqlFill(), new SqliteFill(), new QuestDbFill(), new Coverage(), new Engine(), new Newest(), new CacheMerge(), new Replay(), new Recording(), new Metrics(), new Exchanges(), new ClusterFill()];
string names = $"micro, {string.Join(", ", all.Select(set => set.Name))}, {Memory}";
if (args is ["--help" or "-h" or "-?"])
{
    Console.WriteLine($"Usage: bench [set ...]; without one, all run. Sets: {names}. 'micro' is BenchmarkDotNet and takes its options.");
    return 0;
}

string[] unknown = [.. args.Where(name => name != Memory && !all.Any(set => set.Name == name))];
if (unknown.Length > 0)
{
    Console.Error.WriteLine($"Nothing is named {string.Join(", ", unknown)}. There is: {names}.");
    return 2;
}

await ComparisonRunner.RunAsync(args.Length == 0 ? all : [.. all.Where(set => args.Contains(set.Name))], rounds: 5);
if (args.Length == 0 || args.Contains(Memory))
{
    await Tool.RunSelfAsync("memory-here", "sqlite");
    await Tool.RunSelfAsync("memory-here", "questdb");
    await Tool.RunSelfAsync("memory-here", "newest");
    CacheMemory.Run();
}

return 0;
