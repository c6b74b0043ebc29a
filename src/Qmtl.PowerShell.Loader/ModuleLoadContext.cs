using System.Reflection;
using System.Runtime.Loader;

namespace Qmtl.PowerShell.Loader;

/// <summary>
/// The load context that the module and all its dependencies live in, so that a library's version here never collides with
/// one of another module or of PowerShell itself.
/// </summary>
public sealed class ModuleLoadContext : AssemblyLoadContext
{
    private static readonly Lock Gate = new();
    private static Assembly? _module;
    private static string? _path;

    private readonly AssemblyDependencyResolver _resolver;

    private ModuleLoadContext(string modulePath)
        : base("Qmtl", isCollectible: false) => _resolver = new AssemblyDependencyResolver(modulePath);

    /// <summary>
    /// Loads the module's assembly into the context, once a process: importing the module again gives the assembly that is
    /// there, because .NET cannot put a second one of that name beside it. A new build needs a new shell.
    /// </summary>
    /// <param name="modulePath">Full path of the module's assembly.</param>
    /// <exception cref="InvalidOperationException">Another version is loaded.</exception>
    public static Assembly Load(string modulePath)
    {
        lock (Gate)
        {
            if (_module is null)
            {
                (_module, _path) = (Begin(modulePath), modulePath);
            }
            else if (AssemblyName.GetAssemblyName(modulePath).Version is var asked && asked != _module.GetName().Version)
            {
                throw new InvalidOperationException(
                    $"This shell runs Qmtl {_module.GetName().Version?.ToString(3)}, from '{Path.GetDirectoryName(_path)}', and cannot run "
                        + $"version {asked?.ToString(3)} beside it. Import that in a new shell.");
            }

            return _module;
        }
    }

    /// <inheritdoc/>
    protected override Assembly? Load(AssemblyName assemblyName)
    {
        // Not found here means PowerShell's own (System.Management.Automation) or the runtime's: the default context has it.
        string? path = assemblyName.Name == typeof(ModuleLoadContext).Assembly.GetName().Name
            ? null
            : _resolver.ResolveAssemblyToPath(assemblyName);
        return path is null ? null : LoadFromAssemblyPath(path);
    }

    /// <inheritdoc/>
    protected override nint LoadUnmanagedDll(string unmanagedDllName)
    {
        string? path = _resolver.ResolveUnmanagedDllToPath(unmanagedDllName);
        return path is null ? nint.Zero : LoadUnmanagedDllFromPath(path);
    }

    private static Assembly Begin(string modulePath)
    {
        var context = new ModuleLoadContext(modulePath);
        Assembly module = context.LoadFromAssemblyPath(modulePath);
        ContractResolver.Start(context.Load);
        return module;
    }
}
