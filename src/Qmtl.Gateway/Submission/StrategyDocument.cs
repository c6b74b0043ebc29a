using System.Buffers;
using System.IO.Hashing;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Qmtl.Gateway.Submission;

/// <summary>The body of <c>POST /strategies</c> in one of its forms.</summary>
internal sealed class StrategyDocument
{
    // The DAG is plain UTF-8; the default encoder is for JSON inside HTML and escapes every letter that is not ASCII.
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly StrategySubmission _submission;
    private readonly Dictionary<string, string> _ids = new(StringComparer.Ordinal);
    private readonly Dictionary<string, GatewayNode> _nodes = new(StringComparer.Ordinal);

    /// <summary>Writes the body.</summary>
    /// <exception cref="ArgumentException">Two nodes are the same to the gateway, which would take them without a word.</exception>
    public StrategyDocument(StrategySubmission submission, SubmissionForm form)
    {
        _submission = submission;
        var checksum = new Crc32();
        foreach (GatewayNode node in submission.Nodes)
        {
            string id = NodeIds.Derive(form, submission.WorldId, node, node.Inputs.Select(input => _ids[input]));
            if (!_nodes.TryAdd(id, node))
            {
                throw new ArgumentException(
                    $"To a gateway the nodes '{_nodes[id].NodeId}' and '{node.NodeId}' are the same: type, hashes and inputs are equal."
                    + " Give them different configuration hashes, or other tags where they query by tags.");
            }

            _ids.Add(node.NodeId, id);
            checksum.Append(Encoding.UTF8.GetBytes(id));
        }

        Checksum = checksum.GetCurrentHashAsUInt32();
        Body = WriteBody(form);
    }

    /// <summary>The nodes by the ids that the gateway knows them by.</summary>
    public IReadOnlyDictionary<string, GatewayNode> Nodes => _nodes;

    /// <summary>zlib's CRC-32 over the UTF-8 bytes of these ids, one after the other in DAG order.</summary>
    public uint Checksum { get; }

    /// <summary>The whole body.</summary>
    public byte[] Body { get; }

    /// <summary>The older form by which a gateway that knows no <c>world_ids</c> expects another id.</summary>
    /// <param name="index">The node's place.</param>
    /// <param name="expected">The id that the gateway expects.</param>
    /// <returns>The form; null where it is none.</returns>
    public SubmissionForm? OlderForm(int index, string expected)
    {
        foreach (SubmissionForm form in (SubmissionForm[])[SubmissionForm.Early, SubmissionForm.Transitional])
        {
            if (index >= 0
                && index < _submission.Nodes.Count
                && NodeIds.Derive(form, worldId: string.Empty, _submission.Nodes[index], []) == expected)
            {
                return form;
            }
        }

        return null;
    }

    private static byte[] Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, WriterOptions))
        {
            write(writer);
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteStrings(Utf8JsonWriter writer, string name, IEnumerable<string> values)
    {
        writer.WriteStartArray(name);
        foreach (string value in values)
        {
            writer.WriteStringValue(value);
        }

        writer.WriteEndArray();
    }

    private byte[] WriteBody(SubmissionForm form) => Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteBase64String("dag_json", Write(WriteDag));
        writer.WritePropertyName("meta");
        if (_submission.Meta is { } meta)
        {
            meta.WriteTo(writer);
        }
        else
        {
            writer.WriteNullValue();
        }

        if (form == SubmissionForm.Canonical)
        {
            // Later gateways refuse a body with the older field.
            WriteStrings(writer, "world_ids", [_submission.WorldId]);
        }
        else
        {
            writer.WriteString("world_id", _submission.WorldId);
        }

        writer.WriteNumber("node_ids_crc32", Checksum);
        writer.WriteEndObject();
    });

    private void WriteDag(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("schema_version", "v1");
        writer.WriteStartArray("nodes");
        foreach (GatewayNode node in _submission.Nodes)
        {
            WriteNode(writer, node);
        }

        writer.WriteEndArray();

        // Gateways know a strategy by its DAG alone; without its world, the same one in another world would pass for this one.
        writer.WriteStartObject("meta");
        writer.WriteString("world", _submission.WorldId);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private void WriteNode(Utf8JsonWriter writer, GatewayNode node)
    {
        writer.WriteStartObject();
        writer.WriteString("node_id", _ids[node.NodeId]);
        writer.WriteString("node_type", node.NodeType);
        writer.WriteString("name", node.Name);
        writer.WriteNumber("interval", node.Interval);
        writer.WriteNumber("period", node.Period);
        writer.WritePropertyName("params");
        writer.WriteRawValue(NodeIds.Params(node));
        WriteStrings(writer, "tags", node.Tags);
        WriteStrings(writer, "inputs", node.Inputs.Select(input => _ids[input]));
        writer.WriteString("code_hash", node.CodeHash);
        writer.WriteString("config_hash", node.ConfigHash);
        writer.WriteString("schema_hash", node.SchemaHash);
        writer.WriteString("schema_compat_id", node.SchemaCompatId);
        writer.WriteBoolean("pre_warmup", node.PreWarmup);
        writer.WriteEndObject();
    }
}
