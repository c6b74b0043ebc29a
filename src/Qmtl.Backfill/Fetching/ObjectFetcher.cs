using System.Reflection;
using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Fetching;

/// <summary>
/// A source that is any object with a public method <c>Fetch(start, end, nodeId, interval)</c> or <c>FetchAsync</c>, whatever its
/// type. The method returns rows (see <see cref="RawBars.FromRows"/>), a <see cref="RawBars"/>, a task of either, or null for none.
/// </summary>
/// <remarks>
/// Start and end are given as Unix seconds (UTC), both inside, or as a date and time where the method wants that. Where the object has
/// a text property <c>Name</c> or a number <c>BarsPerRequest</c>, they are the source's name and hint. A method that is no async one
/// runs on a thread of the pool; it may be called for several ranges at once.
/// </remarks>
public sealed class ObjectFetcher : IDataFetcher
{
    private readonly object _target;
    private readonly FetchMethod _method;

    /// <summary>A fetcher.</summary>
    /// <param name="target">The object.</param>
    /// <param name="name">The source's name, under which emptiness is remembered; by default the object's <c>Name</c>, or else its
    /// type's.</param>
    /// <param name="barsPerRequest">The most bars that one call may span; by default the object's <c>BarsPerRequest</c>, or else
    /// unknown.</param>
    /// <exception cref="ArgumentException">The object has no such method, the name is blank, or the number is not positive.</exception>
    public ObjectFetcher(object target, string? name = null, int? barsPerRequest = null)
    {
        ArgumentNullException.ThrowIfNull(target);
        _target = target;
        _method = FetchMethod.Of(target.GetType());
        Name = name ?? Property<string>("Name") ?? target.GetType().Name;
        BarsPerRequest = barsPerRequest ?? Property<int?>("BarsPerRequest");
        ArgumentException.ThrowIfNullOrWhiteSpace(Name, nameof(name));
        ArgumentOutOfRangeException.ThrowIfLessThan(BarsPerRequest ?? 1, 1, nameof(barsPerRequest));
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int? BarsPerRequest { get; }

    /// <inheritdoc/>
    public async Task<RawBars> FetchAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken)
    {
        object? returned = await Task.Run(() => _method.Invoke(_target, stream, range, cancellationToken), cancellationToken);
        return await FetchedRows.ReadAsync(returned, cancellationToken);
    }

    private T? Property<T>(string name) =>
        _target.GetType().GetProperty(name, BindingFlags.Public | BindingFlags.Instance) is { CanRead: true } property
        && property.GetIndexParameters().Length == 0
        && property.GetValue(_target) is T value
            ? value
            : default;
}
