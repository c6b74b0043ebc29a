namespace Qmtl.Messages;

/// <summary>What an exception says to a person.</summary>
public static class PlainMessage
{
    /// <summary>The message without the name of the method's parameter that .NET appends, which means nothing to an operator.</summary>
    public static string Of(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        return exception is ArgumentException { ParamName: { } name }
            ? exception.Message.Replace($" (Parameter '{name}')", string.Empty, StringComparison.Ordinal)
            : exception.Message;
    }
}
