using System.Management.Automation;

namespace Qmtl.PowerShell.Pipeline;

/// <summary>A command that may take long, and then goes on in a job while the shell is free.</summary>
internal interface ILongCommand
{
    /// <summary>Whether the work goes on in a job of this process, which is written at once.</summary>
    SwitchParameter AsJob { get; }
}
