namespace Qmtl.Running.Gateway.Watching;

/// <summary>Events cannot be followed, or not any more.</summary>
internal sealed class EventConnectionException(string message, bool tokenRefused, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>Whether the server does not accept the token, so that another one is needed.</summary>
    public bool TokenRefused { get; } = tokenRefused;

    /// <summary>Whether the server's name means nothing here.</summary>
    public bool NameUnknown { get; init; }
}
