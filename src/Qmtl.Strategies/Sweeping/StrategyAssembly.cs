using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Qmtl.Backfill;
using Qmtl.Messages;
using Qmtl.Payloads;
using Qmtl.Strategies;

namespace Qmtl.Sweeping;

/// <summary>
/// An assembly of compiled strategies, read from its file. It has this process's Qmtl, whatever lies beside it, and takes its other
/// libraries from its own folder. Nothing of it stays locked or loaded: a newer build is read anew, and the older one goes when its runs
/// have ended.
/// </summary>
public sealed class StrategyAssembly
{
    // Types of it would hold it in options that others share.
    private readonly JsonSerializerOptions _json = new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };
    private readonly Assembly _assembly;

    private StrategyAssembly(string path, byte[] content, string stamp)
    {
        (Name, Build, Stamp) = (Path.GetFileName(path), BuildOf(content), stamp);
        try
        {
            using var stream = new MemoryStream(content);
            _assembly = new OwnContext(path).LoadFromStream(stream);
        }
        catch (Exception error) when (error is BadImageFormatException or FileLoadException)
        {
            throw new SweepException(
                SweepFailure.Strategy,
                $"{PlainText.OneLine(path)} is no whole assembly of .NET. Name the file that 'dotnet build' or 'dotnet publish' made of "
                    + "the library.",
                error);
        }
    }

    /// <summary>The file's name.</summary>
    public string Name { get; }

    /// <summary>What tells its content from any other build of it: the first 16 digits of its file's SHA-256.</summary>
    public string Build { get; }

    /// <summary>What tells it and the libraries beside it from newer ones on this machine.</summary>
    internal string Stamp { get; }

    /// <summary>Reads an assembly.</summary>
    /// <param name="path">Its file, absolute or in the current folder.</param>
    /// <exception cref="SweepException">There is no such file, or it is no assembly of .NET.</exception>
    public static StrategyAssembly Load(string path) => Load(path, known: null);

    /// <summary>Reads an assembly, unless it is the one that is known already.</summary>
    internal static StrategyAssembly Load(string path, StrategyAssembly? known)
    {
        string full = Path.GetFullPath(path);
        byte[] content = Read(full);
        string stamp = string.Join('\n', new DirectoryInfo(Path.GetDirectoryName(full)!).EnumerateFiles("*.dll")
            .OrderBy(static file => file.Name, StringComparer.Ordinal)
            .Select(file => string.Create(CultureInfo.InvariantCulture, $"{file.Name} {file.Length} {file.LastWriteTimeUtc.Ticks}"))
            .Prepend(BuildOf(content)));
        return known?.Stamp == stamp ? known : new StrategyAssembly(full, content, stamp);
    }

    /// <summary>The <see cref="Build"/> of a file.</summary>
    /// <exception cref="SweepException">It cannot be read.</exception>
    public static string BuildOf(string path) => BuildOf(Read(path));

    private static string BuildOf(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content))[..16];

    // At one go, so that whoever replaces the file neither has to wait nor changes it under way.
    private static byte[] Read(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new SweepException(
                SweepFailure.Strategy,
                $"The assembly {PlainText.OneLine(path)} cannot be read. Name the file of a library with strategies, such as "
                    + "./bin/Release/net10.0/Strategies.dll.",
                error);
        }
    }

    /// <summary>Makes a strategy and its nodes.</summary>
    /// <param name="strategy">Its class: the full name, or the name alone where that is clear.</param>
    /// <param name="parameters">What its constructor is given, as <see cref="SweepOrder.Parameters"/>.</param>
    /// <param name="provider">What a parameter of the type <see cref="IHistoryProvider"/> is given.</param>
    /// <exception cref="SweepException">There is no such class, a parameter is wrong, or its own code threw.</exception>
    public Strategy Create(string strategy, string parameters, IHistoryProvider provider)
    {
        try
        {
            Type type = FindType(strategy);
            var made = (Strategy)new StrategyConstructor(type, _json).Invoke(parameters, provider);
            _ = made.Nodes;
            return made;
        }
        catch (Exception error) when (error is not (SweepException or OutOfMemoryException))
        {
            Exception cause = error is TargetInvocationException { InnerException: { } inner } ? inner : error;
            throw new SweepException(
                SweepFailure.Strategy,
                cause is MissingMemberException or TypeLoadException or FileNotFoundException or FileLoadException
                    ? $"{strategy} of {Name} does not go with the Qmtl or the libraries that are here: {cause.Message} Build it against "
                        + "this version, and put its libraries beside it (dotnet publish)."
                    : $"{strategy} of {Name} could not be made: {cause.Message}",
                cause);
        }
    }

    /// <summary>A result as whoever reads it elsewhere gets it (<see cref="SweepValue.Value"/>).</summary>
    /// <exception cref="NodeFailedException">It is nothing that can travel.</exception>
    internal object PlainOf(NodeResult result)
    {
        Payload payload = result.Payload;
        object value = payload.Kind switch
        {
            PayloadKind.Number => payload.Number,
            PayloadKind.Bar => payload.Bar.Columns.ToDictionary(static column => column.Name, column => column.GetValue(payload.Bar.Index)),
            _ => payload.ToObject()!,
        };
        switch (value)
        {
            case double or string or bool or long or decimal:
                return value;
            case Enum:
                return value.ToString()!;
        }

        try
        {
            JsonElement json = JsonSerializer.SerializeToElement(value, value.GetType(), _json);
            return json.ValueKind == JsonValueKind.String ? json.GetString()! : json.GetRawText();
        }
        catch (Exception error) when (error is JsonException or NotSupportedException)
        {
            throw new NodeFailedException(
                result.Node,
                result.Node.Key,
                result.Timestamp,
                new NotSupportedException(
                    $"its result, a {value.GetType().Name}, cannot be written as JSON, which results of many runs are. Give a number, a "
                        + "text, or an object of these.",
                    error));
        }
    }

    private Type FindType(string name)
    {
        Type[] strategies =
        [
            .. _assembly.GetExportedTypes().Where(
                static type => type.IsSubclassOf(typeof(Strategy)) && !type.IsAbstract && !type.ContainsGenericParameters),
        ];
        Type[] found = [.. strategies.Where(type => type.FullName == name || type.Name == name)];
        return Array.Find(found, type => type.FullName == name) ?? (found.Length == 1 ? found[0] : null)
            ?? throw new SweepException(
                SweepFailure.Strategy,
                found.Length > 1
                    ? $"{Name} has several strategies of the name {PlainText.OneLine(name)}. Name one whole: {Listed(found)}."
                    : $"{Name} has no strategy {PlainText.OneLine(name)}. Its public classes that derive from Qmtl.Strategies.Strategy "
                        + $"are: {Listed(strategies)}.");
    }

    private static string Listed(IEnumerable<Type> types) =>
        string.Join(", ", types.Select(static type => type.FullName).Order(StringComparer.Ordinal)) is { Length: > 0 } list ? list : "none";

    /// <summary>Where the assembly and its own libraries live.</summary>
    private sealed class OwnContext(string path)
        : AssemblyLoadContext($"strategies of {Path.GetFileName(path)}", isCollectible: true)
    {
        // The one library whose types stand in Qmtl's own signatures.
        private const string Logging = "Microsoft.Extensions.Logging.Abstractions";

        private static readonly AssemblyLoadContext Host = GetLoadContext(typeof(Strategy).Assembly)!;

        /// <inheritdoc/>
        protected override Assembly? Load(AssemblyName assemblyName)
        {
            bool isContract = assemblyName.Name is Logging || assemblyName.Name?.StartsWith("Qmtl.", StringComparison.Ordinal) == true;
            if (isContract && OfHost(assemblyName) is { } contract)
            {
                return contract;
            }

            string file = $"{assemblyName.Name}.dll";
            string own = Path.Combine(Path.GetDirectoryName(path)!, file);
            if (!string.IsNullOrEmpty(assemblyName.CultureName)
                || File.Exists(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), file))
                || !File.Exists(own))
            {
                return OfHost(assemblyName);
            }

            using var content = new MemoryStream(File.ReadAllBytes(own));
            return LoadFromStream(content);
        }

        private static Assembly? OfHost(AssemblyName name)
        {
            try
            {
                return Host.LoadFromAssemblyName(name);
            }
            catch (FileNotFoundException)
            {
                return null;
            }
        }
    }
}
