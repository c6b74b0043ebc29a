using System.Text.Json;
using Json.Schema;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Fetching.Exchanges;

/// <summary>The published JSON Schema of profiles.</summary>
internal static class ProfileSchemaFile
{
    private static readonly JsonDocumentOptions Relaxed = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    private static readonly JsonSchema Schema =
        JsonSchema.FromText(File.ReadAllText(Path.Combine(Repository.Root, "docs", "exchange-profile.schema.json")));

    public static bool Accepts(string profile)
    {
        using JsonDocument document = JsonDocument.Parse(profile, Relaxed);
        return Schema.Evaluate(document.RootElement).IsValid;
    }
}
