using System.Management.Automation;
using Qmtl.Messages;

namespace Qmtl.PowerShell.Arguments;

/// <summary>Makes what a parameter wants of what an operator gives for it, or says in a sentence why that cannot be.</summary>
[AttributeUsage(AttributeTargets.Property)]
public abstract class OperatorArgumentAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public sealed override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        try
        {
            return inputData is null ? null : Make(inputData, engineIntrinsics);
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException)
        {
            throw new ArgumentTransformationMetadataException(PlainMessage.Of(exception), exception);
        }
    }

    /// <summary>Makes the value.</summary>
    /// <param name="given">What the operator gives, in PowerShell's wrapping or without one.</param>
    /// <exception cref="ArgumentException">It is nothing that the parameter takes; so too a <see cref="FormatException"/>.</exception>
    protected virtual object? Make(object given) => throw new NotSupportedException();

    /// <summary>Makes the value, where that takes something of the shell; without, by default.</summary>
    /// <inheritdoc cref="Make(object)"/>
    protected virtual object? Make(object given, EngineIntrinsics engine) => Make(given);

    /// <summary>
    /// What PowerShell is told where something else of the same call may be what takes the value: another parameter at the same position,
    /// or one that takes the pipeline's objects.
    /// </summary>
    /// <remarks>It goes on to the next one only where the inner exception is of this type.</remarks>
    private protected static ArgumentTransformationMetadataException TryNext(string message) =>
        new(message, new PSInvalidCastException(message));

    /// <summary>What is said to a text where an object is wanted that names a store.</summary>
    /// <param name="text">The text.</param>
    /// <param name="what">What is wanted.</param>
    /// <param name="command">The command that makes one.</param>
    private protected static ArgumentException TextIsNo(string what, string command, string text)
    {
        string store = text.Contains("://", StringComparison.Ordinal) || text.Contains('=') ? "-ConnectionString …" : $"-Path '{text}'";
        return new ArgumentException($"A text is not a {what}. Make one with {command} {store}.");
    }
}
