namespace Qmtl.Cluster.Wire;

/// <summary>
/// One run of a strategy, on one member. It keeps nothing: when its member dies it is run again from the beginning elsewhere, and gives
/// the same.
/// </summary>
/// <remarks>Its key is made anew each time, so that the next member in turn is asked.</remarks>
[Alias("qmtl.sweep")]
public interface ISweepGrain : IGrainWithStringKey
{
    /// <summary>
    /// Runs the strategy where the member has what it takes and a place; it says so first (<see cref="SweepTaken"/>), or that it does not
    /// (<see cref="SweepBusy"/>, <see cref="SweepRefused"/>), which is then all.
    /// </summary>
    /// <param name="order">What is to be run.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    [Alias("run")]
    IAsyncEnumerable<SweepNews> RunAsync(SweepRunOrder order, CancellationToken cancellationToken = default);
}
