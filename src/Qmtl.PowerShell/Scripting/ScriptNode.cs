using System.Collections.ObjectModel;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using Qmtl.Caching;
using Qmtl.Messages;
using Qmtl.Payloads;
using Qmtl.Streams;

namespace Qmtl.PowerShell.Scripting;

/// <summary>
/// A node whose function is a script block: the view is <c>$_</c> and the first argument, and what the script writes is the result.
/// Script runs only on the pipeline thread, so such nodes keep their order among themselves.
/// </summary>
internal sealed class ScriptNode : Node
{
    private readonly ScriptBlock _script;
    private readonly ScriptHome _home;

    // Errors that do not end a script are as bad as those that do: a failure must never pass for "no result".
    private readonly PSVariable[] _preferences =
    [
        new("ErrorActionPreference", ActionPreference.Stop),
        new("PSNativeCommandUseErrorActionPreference", true),
    ];

    private readonly PSVariable _current;
    private readonly object[] _arguments = new object[1];

    // Filled anew for each call: PowerShell takes $_ out of the list that it is given.
    private readonly List<PSVariable> _variables = new(3);

    /// <summary>A node that calls <paramref name="script"/>.</summary>
    /// <exception cref="ArgumentException">There is no input.</exception>
    public ScriptNode(ScriptBlock script, NodeOptions options)
        : base(RequireInputs(options) with { Function = script.ToString() })
    {
        _script = script;
        _home = ScriptHome.Of(script, $"The script of the node '{options.Name}'");
        _current = new PSVariable("_", Cache.View);
        _arguments[0] = Cache.View;
    }

    /// <inheritdoc/>
    public override bool CanComputeInParallel => false;

    /// <inheritdoc/>
    public override string CodeIdentity => _script.ToString();

    /// <summary>Refuses to run anywhere but in the runspace that the node's script belongs to.</summary>
    /// <exception cref="InvalidOperationException">The calling thread has another runspace, or none.</exception>
    public void RequireRunspace()
    {
        if (Runspace.DefaultRunspace is null)
        {
            throw new InvalidOperationException(
                "A script can run only on PowerShell's pipeline thread. Run the strategy with Invoke-QmtlStrategy.");
        }

        _home.Require();
    }

    /// <inheritdoc/>
    protected internal override Payload Compute(CacheView view)
    {
        RequireRunspace();
        _variables.Clear();
        _variables.Add(_current);
        _variables.AddRange(_preferences);
        Collection<PSObject> written;
        view.IndexError = null;
        try
        {
            written = _script.InvokeWithContext(null, _variables, _arguments);
        }
        catch (Exception exception) when (exception is not PipelineStoppedException)
        {
            throw new InvalidOperationException($"its script {ScriptFailure.Describe(exception)}.", exception);
        }

        // PowerShell has taken it for $null, and what the script made of that is no result.
        if (view.IndexError is { } unseen)
        {
            throw new InvalidOperationException($"its script asks for what is not there: {PlainMessage.Of(unseen)}", unseen);
        }

        return written.Count switch
        {
            0 => Payload.None,
            1 => written[0] is { } only ? Payload.From(DuckTypedObject.Unwrap(only)) : Payload.None,
            _ => throw new InvalidOperationException(string.Create(
                CultureInfo.InvariantCulture,
                $"its script wrote {written.Count} objects for one bar. Write one: a number, an object or a hashtable; put '$null =' "
                    + $"before what is no result.")),
        };
    }

    private static NodeOptions RequireInputs(NodeOptions options) => options.Inputs.Count > 0
        ? options
        : throw new ArgumentException(
            $"The node '{options.Name}' has no input, so nothing would ever make it compute. Give it a stream or another node with "
                + $"-InputObject.");
}
