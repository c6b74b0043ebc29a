using System.Reflection;

namespace Qmtl.Fetching;

/// <summary>Finds the one method by which an object of unknown type plays a part.</summary>
internal static class ObjectMethod
{
    /// <summary>The public method of one of the names that can be used; an earlier name goes before a later one, case is ignored.</summary>
    /// <param name="type">The object's type.</param>
    /// <param name="names">The names.</param>
    /// <param name="isUsable">Whether a method with parameters of these types can be used.</param>
    /// <param name="complaint">What to say of the object where it has none: "cannot be …: it has no public method …".</param>
    /// <param name="wayOut">What the method would have to look like, a sentence.</param>
    /// <exception cref="ArgumentException">There is none. The message says what was looked for and what was found.</exception>
    public static MethodInfo Find(Type type, IReadOnlyList<string> names, Func<Type[], bool> isUsable, string complaint, string wayOut)
    {
        MethodInfo[] candidates = [.. type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static)
            .Where(method => names.Contains(method.Name, StringComparer.OrdinalIgnoreCase))];
        foreach (string name in names)
        {
            if (Array.Find(candidates, method => string.Equals(method.Name, name, StringComparison.OrdinalIgnoreCase)
                && !method.IsGenericMethodDefinition
                && isUsable([.. method.GetParameters().Select(parameter => parameter.ParameterType)])) is { } found)
            {
                return found;
            }
        }

        string others = candidates.Length == 0
            ? string.Empty
            : $" It has {string.Join("; ", candidates.Select(method => method.ToString()))}.";
        throw new ArgumentException($"An object of {type} {complaint}.{others} {wayOut}");
    }
}
