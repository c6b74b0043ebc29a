namespace Qmtl.Cli;

/// <summary>The command line cannot be carried out as written. The message names the value, the rule and the way out.</summary>
internal sealed class UsageException(string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>What the library refused, as a mistake on the command line.</summary>
    public static UsageException From(ArgumentException refused) => new(MessageOf(refused), refused);

    /// <summary>The message without the name of the method's parameter, which means nothing to an operator.</summary>
    public static string MessageOf(Exception refused) => refused is ArgumentException { ParamName: { } parameter }
        ? refused.Message.Replace($" (Parameter '{parameter}')", "", StringComparison.Ordinal)
        : refused.Message;
}
