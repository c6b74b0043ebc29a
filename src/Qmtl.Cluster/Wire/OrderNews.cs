namespace Qmtl.Cluster.Wire;

/// <summary>What a member tells of an order since it was asked last.</summary>
/// <param name="Work">The work that is told of; another one begins anew, with what is stored by then.</param>
/// <param name="First">The number of the first piece of news, counted from 0 since that work began.</param>
/// <param name="News">What happened, in turn; empty where nothing did for a while.</param>
/// <param name="IsEnd">Whether that is all that this work will tell.</param>
/// <param name="Error">Why it ended before all ranges had their outcome; null for no reason but that its member stops.</param>
[GenerateSerializer]
[Immutable]
[Alias("qmtl.order-news")]
public sealed record OrderNews(Guid Work, int First, StreamNews[] News, bool IsEnd, TravellingError? Error);
