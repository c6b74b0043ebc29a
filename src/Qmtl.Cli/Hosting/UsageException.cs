using Qmtl.Messages;

namespace Qmtl.Cli.Hosting;

/// <summary>The command line cannot be carried out as written. The message names the value, the rule and the way out.</summary>
internal sealed class UsageException(string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>What the library refused, as a mistake on the command line.</summary>
    public static UsageException From(ArgumentException refused) => new(PlainMessage.Of(refused), refused);
}
