namespace Qmtl.Messages;

/// <summary>What an exception says to a person.</summary>
public static class PlainMessage
{
    /// <summary>The message without the name and value of the method's parameter that .NET appends, which mean nothing to an operator.</summary>
    public static string Of(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        return exception is ArgumentException { ParamName: { } name }
            ? exception.Message.Split($" (Parameter '{name}')", 2)[0]
            : exception.Message;
    }
}
