using System.Management.Automation;

namespace Qmtl.PowerShell.Scripting;

/// <summary>Script wrote an error without ending, which PowerShell does not make an exception of.</summary>
internal sealed class ScriptErrorException(ErrorRecord error) : RuntimeException(error.ToString(), error.Exception, error)
{
    /// <summary>What the script wrote.</summary>
    public ErrorRecord Written { get; } = error;
}
