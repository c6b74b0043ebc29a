namespace Qmtl.Bench.Harness;

/// <summary>Comparisons that share a preparation, such as a running server.</summary>
internal interface IComparisonSet : IAsyncDisposable
{
    /// <summary>The name to choose it by on the command line.</summary>
    string Name { get; }

    /// <summary>Prepares; null where it can run, otherwise why it cannot on this machine.</summary>
    Task<string?> PrepareAsync();

    /// <summary>The comparisons, after <see cref="PrepareAsync"/>.</summary>
    IEnumerable<Comparison> Comparisons();
}
