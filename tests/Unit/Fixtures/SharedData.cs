namespace Qmtl.Unit.Fixtures;

/// <summary>
/// Finds the folder of real candles, <c>shared/data</c>, which lies beside the repository or above it and is no part of it.
/// </summary>
internal static class SharedData
{
    /// <summary>The folder, or null where it is not on this machine.</summary>
    public static string? Folder { get; } = Find("data", "XRPETH-1m.csv");

    /// <summary>The folder of facts about exchanges, with answers that they gave; null where it is not on this machine.</summary>
    public static string? ExchangesFolder { get; } = Find("exchanges", "exchanges.md");

    /// <summary>The path of one of its files.</summary>
    public static string PathOf(string fileName) =>
        Path.Combine(Folder ?? throw new InvalidOperationException("There is no shared/data folder; mark the test with [SharedDataFact]."), fileName);

    private static string? Find(string name, string file)
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string candidate = Path.Combine(folder.FullName, "shared", name);
            if (File.Exists(Path.Combine(candidate, file)))
            {
                return candidate;
            }
        }

        return null;
    }
}
