using System.Management.Automation;

namespace Qmtl.PowerShell.Arguments;

/// <summary>Finds the file that a PowerShell path means.</summary>
internal static class ArgumentPath
{
    /// <summary>The full path, relative to PowerShell's location and not to that of the process. Nothing has to exist.</summary>
    /// <exception cref="ArgumentException">The path is not on a file system.</exception>
    public static string Resolve(PSCmdlet cmdlet, string path)
    {
        string full = cmdlet.SessionState.Path.GetUnresolvedProviderPathFromPSPath(path, out ProviderInfo provider, out _);
        return provider.Name == "FileSystem"
            ? full
            : throw new ArgumentException(
                $"'{path}' is a path of the {provider.Name} provider, not of a file system. Give a file path, or go to a folder first "
                    + $"(Set-Location).");
    }
}
