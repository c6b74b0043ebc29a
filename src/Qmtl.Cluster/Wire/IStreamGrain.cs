using Orleans.Concurrency;

namespace Qmtl.Cluster.Wire;

/// <summary>
/// Whatever carries out orders. The work goes on by itself and is asked for its news, so that an answer that is lost is asked for again,
/// and loses neither news nor work; it stops when nobody has asked for half a minute.
/// </summary>
public interface IOrderGrain : IGrainWithStringKey
{
    /// <summary>Begins an order, or finds the work that goes on for it already. It waits for nothing.</summary>
    /// <param name="order">What is to be done.</param>
    /// <returns>What happened up to now.</returns>
    [Alias("begin")]
    [AlwaysInterleave]
    [ResponseTimeout(ClusterClient.AskTimeout)]
    ValueTask<OrderNews> BeginAsync(StreamOrder order);

    /// <summary>Tells what happened; waits for some seconds for something to happen.</summary>
    /// <param name="work">The work, <see cref="OrderNews.Work"/>.</param>
    /// <param name="seen">How many pieces of its news have come.</param>
    /// <returns>Null where there is no such work here: its member is gone, or nobody asked for too long.</returns>
    [Alias("read")]
    [AlwaysInterleave]
    [ResponseTimeout(ClusterClient.AskTimeout)]
    ValueTask<OrderNews?> ReadAsync(Guid work, int seen);

    /// <summary>Stops the work; what was committed stays, and what it has to tell can be read.</summary>
    /// <param name="order">The order, <see cref="StreamOrder.Id"/>.</param>
    [Alias("stop")]
    [AlwaysInterleave]
    [ResponseTimeout(ClusterClient.AskTimeout)]
    ValueTask StopAsync(Guid order);
}

/// <summary>
/// A stream of a store, as it is filled from a source. It lives on one member at a time and keeps nothing: what is stored says what is to
/// be done, so when its member dies another one goes on.
/// </summary>
/// <remarks>
/// Its key is made of <see cref="StreamOrder.Key"/>, which holds no secret. Orders for one stream are carried out one after the other.
/// </remarks>
[Alias("qmtl.stream")]
public interface IStreamGrain : IOrderGrain;

/// <summary>
/// A piece of a stream's ranges that is filled by itself, on any member. Two orders for one piece are carried out one after the other, so
/// that the second finds in the store what the first one brought.
/// </summary>
[Alias("qmtl.piece")]
public interface IPieceGrain : IOrderGrain;

/// <summary>
/// A stream that is kept: where it lives, there its keeper is. Its key is what the declaration calls store and stream.
/// </summary>
[Alias("qmtl.kept")]
public interface IKeptStreamGrain : IGrainWithStringKey
{
    /// <summary>Lets it live on the member where it belongs by now.</summary>
    [Alias("touch")]
    ValueTask<KeptPlace> TouchAsync();
}

/// <summary>How a kept stream is placed.</summary>
[GenerateSerializer]
[Alias("qmtl.kept-place")]
public enum KeptPlace
{
    /// <summary>It lives where it belongs.</summary>
    Settled,

    /// <summary>It belongs to another member by now, and lives there when it is asked for again.</summary>
    Moving,

    /// <summary>The member where it lives does not have it in its declaration.</summary>
    NotDeclared,
}

/// <summary>What all members together may ask of a source whose limit counts by key; one for each such source.</summary>
[Alias("qmtl.pace")]
public interface IKeyPaceGrain : IGrainWithStringKey
{
    /// <summary>Reserves the next free place of a request.</summary>
    /// <param name="requests">How many requests are allowed in <paramref name="window"/>.</param>
    /// <param name="window">How long the limit's window is.</param>
    /// <returns>How long to wait before the request is sent.</returns>
    [Alias("reserve")]
    ValueTask<TimeSpan> ReserveAsync(int requests, TimeSpan window);
}
