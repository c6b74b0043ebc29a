using System.Text.Json;
using Json.Schema;

namespace Qmtl.Unit.Fixtures;

/// <summary>A published JSON Schema: what an editor of somebody else holds a file against.</summary>
internal sealed class SchemaFile
{
    private static readonly JsonDocumentOptions Relaxed = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    private readonly JsonSchema _schema;

    private SchemaFile(string name) => _schema = JsonSchema.FromText(File.ReadAllText(Path.Combine(Repository.Root, "docs", name)));

    /// <summary>That of profiles of exchanges.</summary>
    public static SchemaFile Profile { get; } = new("exchange-profile.schema.json");

    /// <summary>That of what is kept.</summary>
    public static SchemaFile Keep { get; } = new("keep.schema.json");

    public bool Accepts(string text)
    {
        using JsonDocument document = JsonDocument.Parse(text, Relaxed);
        return _schema.Evaluate(document.RootElement).IsValid;
    }
}
