namespace Qmtl.Payloads;

/// <summary>What a <see cref="Payload"/> holds.</summary>
public enum PayloadKind
{
    /// <summary>Nothing: the node had no result for this bar.</summary>
    None,

    /// <summary>One number.</summary>
    Number,

    /// <summary>A bar of a frame, with all its columns.</summary>
    Bar,

    /// <summary>Any other object.</summary>
    Object,
}
