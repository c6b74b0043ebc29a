namespace Qmtl.Gateway;

/// <summary>Why a gateway did not do what it was asked, for scripts that act on it.</summary>
public enum GatewayErrorKind
{
    /// <summary>It answered with a status that has no meaning of its own here; see <see cref="GatewayException.Status"/>.</summary>
    Refused,

    /// <summary>The strategy has been submitted before (409).</summary>
    DuplicateStrategy,

    /// <summary>It finds what it was sent invalid (422).</summary>
    InvalidPayload,

    /// <summary>It does not accept the credentials or the token, or they have expired (401, 403).</summary>
    Unauthorized,

    /// <summary>It could not be reached, broke the connection, or did not answer in time.</summary>
    Unreachable,

    /// <summary>
    /// It was not asked, because it could not be reached several times in a row; see <see cref="GatewayException.RetryAfter"/>.
    /// </summary>
    CircuitOpen,

    /// <summary>Its answer is not what the contract says: no JSON, fields missing or of the wrong type, too long.</summary>
    BadAnswer,
}
