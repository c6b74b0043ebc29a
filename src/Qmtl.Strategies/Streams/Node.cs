using Qmtl.Caching;
using Qmtl.Data;
using Qmtl.Payloads;
using Qmtl.Time;

namespace Qmtl.Streams;

/// <summary>
/// A step of a strategy: it keeps the latest bars of its inputs in a cache of its own and computes a result for each new bar.
/// Derive from it to bring a node of your own; a node that is only a function is a <see cref="ComputeNode"/>.
/// </summary>
/// <remarks>
/// What a node is, is its <see cref="Key"/>: id and interval. A node belongs to one
/// <c>Pipeline</c> at a time, for the pipeline fills its cache: while one replays or is fed, another one of the same nodes refuses to.
/// </remarks>
public abstract class Node
{
    // The pipeline that fills the cache just now.
    private object? _user;

    /// <summary>A node.</summary>
    /// <param name="options">What it is made of.</param>
    /// <exception cref="ArgumentException">The period is less than 1, there is neither an interval nor an input to take it from, or the id
    /// cannot be kept by stores.</exception>
    protected Node(NodeOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        IReadOnlyList<Node> inputs = RequireInputs(options.Inputs);
        Inputs = inputs;
        Interval = options.Interval ?? ShortestOf(inputs);
        Period = options.Period >= 1
            ? options.Period
            : throw new ArgumentOutOfRangeException(nameof(options), options.Period, "A node's period is at least 1 bar.");
        Trigger = Enum.IsDefined(options.Trigger)
            ? options.Trigger
            : throw new ArgumentOutOfRangeException(
                nameof(options), options.Trigger, $"A node's trigger is {NodeTrigger.EachInput} or {NodeTrigger.AllInputs}.");
        Tags = [.. options.Tags.Distinct(StringComparer.Ordinal)];
        Configuration = new Dictionary<string, string>(options.Configuration, StringComparer.Ordinal);
        NodeId = options.NodeId ?? NodeIdentity.Derive(this, options, inputs);
        Key = new StreamKey(NodeId, Interval);
        Name = options.Name ?? NodeId;
        Cache = new NodeCache(Period) { Names = NamesOf(inputs) };
        NodeInstruments.Shared.RegisterCache(Key, Cache, static cache => cache.ResidentBytes);
    }

    /// <summary>What people call the node.</summary>
    public string Name { get; }

    /// <summary>
    /// The node's id: the given one, or one derived from type, name, interval, inputs, trigger, tags and configuration; of a node that
    /// computes, also from period and function.
    /// </summary>
    public string NodeId { get; }

    /// <summary>The interval of the node's results.</summary>
    public BarInterval Interval { get; }

    /// <summary>Id and interval together: what the node is to caches, stores and recorders.</summary>
    public StreamKey Key { get; }

    /// <summary>How many bars of each input the node needs before it computes, and how many its cache keeps.</summary>
    public int Period { get; }

    /// <summary>When the node computes where it has several inputs. It tells the node from others.</summary>
    public NodeTrigger Trigger { get; }

    /// <summary>The nodes whose results this one computes from.</summary>
    public virtual IReadOnlyList<Node> Inputs { get; }

    /// <summary>Words that tell this node from others.</summary>
    public IReadOnlyList<string> Tags { get; }

    /// <summary>Settings that tell this node from others, by name.</summary>
    public IReadOnlyDictionary<string, string> Configuration { get; }

    /// <summary>
    /// Whether the node computes here. One that does not (a gateway says that it is computed elsewhere) has no results of its own and
    /// passes its input on. A <c>Runner</c> leaves out what would compute from it too.
    /// </summary>
    /// <value>True by default.</value>
    public bool Executes { get; set; } = true;

    /// <summary>
    /// Whether <see cref="Compute"/> may run on any thread, at the same time as that of other nodes. It never runs twice at once for
    /// one node. Where not, it runs on the thread that drives the pipeline, and such nodes keep their order among themselves.
    /// </summary>
    /// <value>True by default.</value>
    public virtual bool CanComputeInParallel => true;

    /// <summary>
    /// What tells the node's code from other code, for a gateway, which computes a node elsewhere only where it is the same one. Change it
    /// with the code where that stays in one assembly version.
    /// </summary>
    /// <value>The type and the build of its assembly by default.</value>
    public virtual string CodeIdentity => $"{GetType().FullName} {GetType().Module.ModuleVersionId}";

    /// <summary>What the node holds of its inputs; of a stream, what it holds of itself.</summary>
    public NodeCache Cache { get; }

    /// <summary>Computes the result for the bar that has just come.</summary>
    /// <param name="view">The newest <see cref="Period"/> bars of each input. It is valid only during the call.</param>
    /// <returns>The result, or <see cref="Payload.None"/> where there is none for this bar.</returns>
    protected internal abstract Payload Compute(CacheView view);

    /// <summary>Takes the node for one user; false where another has it.</summary>
    internal bool TryClaim(object user) => Interlocked.CompareExchange(ref _user, user, null) is null;

    /// <summary>Gives the node back; nothing happens where somebody else has it.</summary>
    internal void Release(object user) => Interlocked.CompareExchange(ref _user, null, user);

    /// <summary>The node's name.</summary>
    public override string ToString() => Name;

    private static IReadOnlyList<Node> RequireInputs(IReadOnlyList<Node> inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        return inputs.Any(input => input is null)
            ? throw new ArgumentException("One of the node's inputs is null. Make the inputs before the node.", nameof(inputs))
            : [.. inputs.Distinct()];
    }

    private static Dictionary<string, StreamKey> NamesOf(IReadOnlyList<Node> inputs) => inputs
        .GroupBy(input => input.Name, StringComparer.Ordinal)
        .Where(group => group.Count() == 1)
        .ToDictionary(group => group.Key, group => group.Single().Key, StringComparer.Ordinal);

    private static BarInterval ShortestOf(IReadOnlyList<Node> inputs) => inputs.Count > 0
        ? inputs.Min(input => input.Interval)
        : throw new ArgumentException("A node without inputs needs an interval, for example 1m.", nameof(inputs));
}
