using System.Reflection;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Recording;

/// <summary>
/// A recorder that is any object with a public method <c>Persist(nodeId, interval, timestamp, payload)</c> or <c>PersistAsync</c>,
/// whatever its type. It is called from one thread at a time, a batch stream by stream and by time.
/// </summary>
/// <remarks>
/// The timestamp is the bar's open in Unix seconds (UTC), or a date and time where the method wants that. The payload is a dictionary of
/// the row's fields or, where the row has nothing but a value (a number, a text), that value. A <see cref="StoreException"/> of its own
/// says whether trying again may help; an exception that tells of a network, a time-out or a disk is taken to pass; any other refuses the
/// row for good. Each row comes once (of a bar recorded again within a batch only the last), but where the method failed, and where a
/// process was killed or ended before a batch was through: then the batch's rows come a second time, and the method must bear it.
/// </remarks>
public sealed class ObjectRecorder : IEventRecorder, IStreamBound
{
    private readonly object _target;
    private readonly PersistMethod _method;
    private readonly bool _ownsTarget;

    /// <summary>A recorder.</summary>
    /// <param name="target">The object.</param>
    /// <param name="name">The recorder's name; by default the object's <c>Name</c>, or else its type's. Two that record to different places
    /// must not share one: the rows that one leaves behind are delivered by the next of the same name.</param>
    /// <param name="ownsTarget">Whether the object is disposed with the recorder, where it can be; true by default.</param>
    /// <exception cref="ArgumentException">The object has no such method, or the name is blank.</exception>
    public ObjectRecorder(object target, string? name = null, bool ownsTarget = true)
    {
        ArgumentNullException.ThrowIfNull(target);
        _target = target;
        _method = PersistMethod.Of(target.GetType());
        _ownsTarget = ownsTarget;
        DisplayName = name ?? NameOf(target) ?? target.GetType().FullName ?? target.GetType().Name;
        ArgumentException.ThrowIfNullOrWhiteSpace(DisplayName, nameof(name));
    }

    /// <inheritdoc/>
    public string DisplayName { get; }

    /// <inheritdoc/>
    public string Identity => $"object:{DisplayName}";

    /// <inheritdoc/>
    public int RowsPerWrite => 1000;

    /// <inheritdoc/>
    public Task PersistAsync(StreamKey stream, BarFrame rows, CancellationToken cancellationToken) => Task.Run(
        async () =>
        {
            for (int row = 0; row < rows.Count; row++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                try
                {
                    _ = await FetchedRows.UnwrapAsync(
                        _method.Invoke(_target, stream, rows.GetRow(row), cancellationToken), cancellationToken);
                }
                catch (Exception error) when (!cancellationToken.IsCancellationRequested)
                {
                    throw new PartlyPersistedException(row, error);
                }
            }
        },
        cancellationToken);

    /// <summary>Tells the object, where it is <see cref="IStreamBound"/> or has a method <c>BindStream(nodeId, interval)</c>.</summary>
    /// <param name="stream">The stream.</param>
    public void BindStream(StreamKey stream)
    {
        if (_target is IStreamBound bound)
        {
            bound.BindStream(stream);
        }
        else
        {
            _target.GetType().GetMethod(nameof(BindStream), [typeof(string), typeof(BarInterval)])?.Invoke(
                _target, [stream.NodeId, stream.Interval]);
        }
    }

    /// <summary>The recorder's name.</summary>
    public override string ToString() => DisplayName;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_ownsTarget)
        {
            return;
        }

        switch (_target)
        {
            case IAsyncDisposable disposable:
                await disposable.DisposeAsync();
                break;
            case IDisposable disposable:
                disposable.Dispose();
                break;
        }
    }

    private static string? NameOf(object target) =>
        target.GetType().GetProperty("Name", BindingFlags.Public | BindingFlags.Instance) is { CanRead: true } property
            && property.GetIndexParameters().Length == 0
            ? property.GetValue(target) as string
            : null;
}
