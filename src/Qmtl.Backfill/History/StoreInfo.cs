namespace Qmtl.History;

/// <summary>
/// What a store is, for people and for whoever writes to it. It is what is known at the moment; some of it is learnt by use.
/// </summary>
/// <param name="DisplayName">What and where the store is, for people: no password, no user.</param>
public sealed record StoreInfo(string DisplayName)
{
    internal const int DefaultBarsPerWrite = 50_000;

    /// <summary>
    /// What tells this place from every other that bars could go to, the same in every process and for the store's whole life:
    /// where it is and, where one table holds all streams, which. No password, no user. <see cref="DisplayName"/> by default.
    /// </summary>
    public string Identity { get => field ?? DisplayName; init; }

    /// <summary>The file that the store is, absolute; null, the default, for a server.</summary>
    public string? FilePath { get; init; }

    /// <summary>
    /// How bars get into the store, for people, where it has more than one way and has taken one; null, the default, otherwise.
    /// </summary>
    public string? WritePath { get; init; }

    /// <summary>
    /// How many bars a caller that has many does well to give to one <see cref="IHistoryStore.WriteAsync"/>: enough for the store's
    /// bulk speed, few enough to hold. 50,000 by default.
    /// </summary>
    public int BarsPerWrite { get; init; } = DefaultBarsPerWrite;

    /// <summary>
    /// The table that a node's bars are in, by the node's id and in the database's own name; it answers null, as by default, where the
    /// store has no tables or does not know yet.
    /// </summary>
    public Func<string, string?> TableOf { get; init; } = static _ => null;
}
