using System.Reflection;
using System.Runtime.Loader;

namespace Qmtl.PowerShell.Loader;

/// <summary>
/// Gives assemblies outside the module's load context the module's Qmtl, so that a strategy of theirs is one to the module's commands.
/// </summary>
/// <remarks>
/// An operator's assembly lands in PowerShell's own context, which knows nothing of Qmtl. .NET would take the copy that a build puts
/// beside it, whose types are not those of the module. Before it looks there, it raises <see cref="AssemblyLoadContext.Resolving"/>.
/// What is given is of the module's version, whatever version was asked for.
/// </remarks>
internal sealed class ContractResolver
{
    private const string OwnPrefix = "Qmtl.";

    // The one library whose types stand in Qmtl's own signatures.
    private const string Logging = "Microsoft.Extensions.Logging.Abstractions";

    private readonly Func<AssemblyName, Assembly?> _load;

    private ContractResolver(Func<AssemblyName, Assembly?> load) => _load = load;

    /// <summary>Begins. It never ends: what .NET once bound to an assembly stays bound to it.</summary>
    /// <param name="load">Loads an assembly into the module's context; null where the module has none of that name.</param>
    public static void Start(Func<AssemblyName, Assembly?> load)
    {
        var resolver = new ContractResolver(load);
        AssemblyLoadContext.Default.Resolving += (context, name) => resolver.Resolve(context, name);
        AppDomain.CurrentDomain.AssemblyResolve += (_, request) =>
            resolver.Resolve(new AssemblyName(request.Name), request.RequestingAssembly);
    }

    // .NET does not tell here who asks. Other modules have logging too, so it is given only once somebody builds on Qmtl.
    private Assembly? Resolve(AssemblyLoadContext context, AssemblyName name) => name.Name switch
    {
        _ when IsOwn(name) => _load(name),
        Logging when context.Assemblies.Any(IsBuiltOnQmtl) && _load(name) is { } own && own.GetName().Version >= name.Version => own,
        _ => null,
    };

    // The last that is asked, also for what Add-Type compiles into memory, which has a context of its own. The libraries that Qmtl
    // brings, which the build of a library leaves out of its folder, are for those that build on Qmtl and for nobody else.
    private Assembly? Resolve(AssemblyName name, Assembly? asking) =>
        IsOwn(name) || (asking is not null && IsBuiltOnQmtl(asking)) ? _load(name) : null;

    private static bool IsOwn(AssemblyName name) => name.Name?.StartsWith(OwnPrefix, StringComparison.Ordinal) == true;

    private static bool IsBuiltOnQmtl(Assembly assembly) => !assembly.IsDynamic && assembly.GetReferencedAssemblies().Any(IsOwn);
}
