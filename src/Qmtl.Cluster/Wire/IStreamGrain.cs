namespace Qmtl.Cluster.Wire;

/// <summary>
/// A stream of a store, as it is filled from a source. It lives on one member at a time and keeps nothing: what is stored says what is to be
/// done, so when its member dies another one goes on.
/// </summary>
/// <remarks>
/// Its key is made of <see cref="StreamOrder.Key"/>, which holds no secret. Orders for one stream are carried out one after the other.
/// </remarks>
[Alias("qmtl.stream")]
public interface IStreamGrain : IGrainWithStringKey
{
    /// <summary>Completes ranges and tells what happens meanwhile, up to the outcome of each range.</summary>
    /// <param name="order">What is to be done.</param>
    /// <param name="cancellationToken">Stops the work; what was committed stays.</param>
    [Alias("complete")]
    IAsyncEnumerable<StreamNews> CompleteAsync(StreamOrder order, CancellationToken cancellationToken = default);
}

/// <summary>
/// A piece of a stream's ranges that is filled by itself, on any member. Two orders for one piece are carried out one after the other, so that
/// the second finds in the store what the first one brought.
/// </summary>
[Alias("qmtl.piece")]
public interface IPieceGrain : IGrainWithStringKey
{
    /// <inheritdoc cref="IStreamGrain.CompleteAsync"/>
    [Alias("complete")]
    IAsyncEnumerable<StreamNews> CompleteAsync(StreamOrder order, CancellationToken cancellationToken = default);
}

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
