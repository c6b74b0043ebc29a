using System.Security.Cryptography;
using System.Text.Json;

namespace Qmtl.Gateway.Running;

/// <summary>Hashes of texts, the same in every process.</summary>
internal static class Fingerprint
{
    /// <summary>The hash of one text.</summary>
    public static string Of(string text) => Of([text]);

    /// <summary>The hash of texts, in this order; as JSON, so that no two different lists read the same.</summary>
    public static string Of(IEnumerable<string> texts) => Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(texts)));
}
