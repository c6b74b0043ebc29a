using System.Diagnostics.CodeAnalysis;
using Qmtl.Caching;
using Qmtl.Payloads;
using Qmtl.Time;

namespace Qmtl.Streams;

/// <summary>A node that is a function of the latest bars of its inputs.</summary>
/// <remarks>
/// A method with a name is part of a derived id. A lambda is not, nor is what a closure has captured, since nothing tells them apart in
/// another build or process: nodes that differ in nothing else need different names, tags or settings, or ids of their own.
/// </remarks>
[SuppressMessage(
    "Design", "CA1062:Validate arguments of public methods", Justification = "Checked in the one constructor that the others call.")]
public sealed class ComputeNode : Node
{
    private readonly Func<CacheView, Payload> _compute;

    /// <summary>A node whose function gives a payload, <see cref="Payload.None"/> for no result.</summary>
    /// <param name="name">What people call the node.</param>
    /// <param name="inputs">The nodes it computes from; at least one.</param>
    /// <param name="compute">The function. The view that it gets is valid only during the call.</param>
    /// <param name="period">How many bars of each input it needs before it computes; 1 by default.</param>
    /// <param name="interval">The interval of its results; null, the default, for the shortest of its inputs'.</param>
    /// <param name="nodeId">Its id; null, the default, for one that is derived.</param>
    /// <exception cref="ArgumentException">There is no input, or the name is blank.</exception>
    public ComputeNode(
        string name,
        IEnumerable<Node> inputs,
        Func<CacheView, Payload> compute,
        int period = 1,
        BarInterval? interval = null,
        string? nodeId = null)
        : this(compute, compute, OptionsOf(name, inputs, period, interval, nodeId))
    {
    }

    /// <summary>A node whose function always gives a number; NaN is a number too.</summary>
    /// <inheritdoc cref="ComputeNode(string, IEnumerable{Node}, Func{CacheView, Payload}, int, BarInterval?, string?)"/>
    public ComputeNode(
        string name,
        IEnumerable<Node> inputs,
        Func<CacheView, double> compute,
        int period = 1,
        BarInterval? interval = null,
        string? nodeId = null)
        : this(ToPayload(compute), compute, OptionsOf(name, inputs, period, interval, nodeId))
    {
    }

    /// <summary>
    /// A node whose function gives any object; null is no result, and numbers become numbers (<see cref="Payload.From"/>).
    /// </summary>
    /// <inheritdoc cref="ComputeNode(string, IEnumerable{Node}, Func{CacheView, Payload}, int, BarInterval?, string?)"/>
    public ComputeNode(
        string name,
        IEnumerable<Node> inputs,
        Func<CacheView, object?> compute,
        int period = 1,
        BarInterval? interval = null,
        string? nodeId = null)
        : this(ToPayload(compute), compute, OptionsOf(name, inputs, period, interval, nodeId))
    {
    }

    /// <summary>A node with everything that options can say, such as tags and configuration.</summary>
    /// <param name="compute">The function. The view that it gets is valid only during the call.</param>
    /// <param name="options">What the node is made of.</param>
    /// <exception cref="ArgumentException">There is no input.</exception>
    public ComputeNode(Func<CacheView, Payload> compute, NodeOptions options)
        : this(compute, compute, options)
    {
    }

    private ComputeNode(Func<CacheView, Payload> compute, Delegate given, NodeOptions options)
        : base(options is { Function: null } ? options with { Function = NameOf(given) } : options)
    {
        ArgumentNullException.ThrowIfNull(compute);
        if (Inputs.Count == 0)
        {
            throw new ArgumentException(
                $"The node '{Name}' has no input, so nothing would ever make it compute. Give it a stream or another node.",
                nameof(options));
        }

        _compute = compute;
        Function = given;
    }

    /// <inheritdoc/>
    /// <value>The function's method and the build of its assembly. What a closure has captured is no part of it: that belongs into the
    /// configuration.</value>
    public override string CodeIdentity =>
        $"{Function.Method.DeclaringType?.FullName}.{Function.Method.Name} {Function.Method.Module.ModuleVersionId}";

    /// <summary>The function as it was given.</summary>
    internal Delegate Function { get; }

    /// <inheritdoc/>
    protected internal override Payload Compute(CacheView view) => _compute(view);

    private static NodeOptions OptionsOf(string name, IEnumerable<Node> inputs, int period, BarInterval? interval, string? nodeId)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(inputs);
        Node[] all = [.. inputs];
        return all.Length == 0
            ? throw new ArgumentException(
                $"The node '{name}' has no input, so nothing would ever make it compute. Give it a stream or another node.", nameof(inputs))
            : new NodeOptions { Name = name, Inputs = all, Period = period, Interval = interval, NodeId = nodeId };
    }

    // Compilers name lambdas and local functions by where they stand, in letters that no source may use: with the next edit, one could
    // have the name of another.
    private static string? NameOf(Delegate? function) =>
        function?.Method is { DeclaringType: { } type, Name: var name } && !name.Contains('<', StringComparison.Ordinal)
            ? $"{type.FullName}.{name}"
            : null;

    private static Func<CacheView, Payload> ToPayload(Func<CacheView, double> compute)
    {
        ArgumentNullException.ThrowIfNull(compute);
        return view => Payload.FromNumber(compute(view));
    }

    private static Func<CacheView, Payload> ToPayload(Func<CacheView, object?> compute)
    {
        ArgumentNullException.ThrowIfNull(compute);
        return view => Payload.From(compute(view));
    }
}
