using System.Management.Automation;
using Qmtl.History;

namespace Qmtl.PowerShell.Arguments;

/// <summary>
/// Refuses a server's address where a store's file is expected: as a path it would be shown with its password, and become a file of
/// that name. It looks at what was written, because a resolved path no longer tells.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ValidateStorePathAttribute : ValidateArgumentsAttribute
{
    /// <inheritdoc/>
    protected override void Validate(object arguments, EngineIntrinsics engineIntrinsics)
    {
        if (arguments is string path && MistypedServer.IsMeant(path))
        {
            throw new ValidationMetadataException(
                "What was given reads as a server's address. Give a server to -ConnectionString; for a file of such a name, write ./ "
                    + "before it.");
        }
    }
}
