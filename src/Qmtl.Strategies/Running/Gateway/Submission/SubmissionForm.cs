namespace Qmtl.Running.Gateway.Submission;

/// <summary>The forms in which gateways have taken strategies, the present one first.</summary>
internal enum SubmissionForm
{
    /// <summary>Since 22 September 2025: ids are BLAKE3 over the node and its inputs.</summary>
    Canonical,

    /// <summary>From 8 to 21 September 2025: ids are BLAKE3 over type and hashes.</summary>
    Transitional,

    /// <summary>Before: ids are SHA-256 over the world, type and hashes.</summary>
    Early,
}
