using System.Buffers;
using System.IO.Hashing;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Qmtl.Running.Gateway.Submission;

/// <summary>The body of <c>POST /strategies</c>.</summary>
internal static class StrategyDocument
{
    // The DAG is plain UTF-8; the default encoder is for JSON inside HTML and escapes every letter that is not ASCII.
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>zlib's CRC-32 over the UTF-8 bytes of the node ids, one after the other.</summary>
    public static uint Checksum(IEnumerable<GatewayNode> nodes)
    {
        var checksum = new Crc32();
        foreach (GatewayNode node in nodes)
        {
            checksum.Append(Encoding.UTF8.GetBytes(node.NodeId));
        }

        return checksum.GetCurrentHashAsUInt32();
    }

    /// <summary>The DAG as JSON.</summary>
    public static byte[] WriteDag(IReadOnlyList<GatewayNode> nodes) => Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteStartArray("nodes");
        foreach (GatewayNode node in nodes)
        {
            WriteNode(writer, node);
        }

        writer.WriteEndArray();
        writer.WriteStartObject("meta");
        writer.WriteEndObject();
        writer.WriteEndObject();
    });

    /// <summary>The whole body.</summary>
    public static byte[] WriteBody(StrategySubmission submission, uint checksum) => Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteBase64String("dag_json", WriteDag(submission.Nodes));
        writer.WritePropertyName("meta");
        if (submission.Meta is { } meta)
        {
            meta.WriteTo(writer);
        }
        else
        {
            writer.WriteNullValue();
        }

        writer.WriteString("world_id", submission.WorldId);
        writer.WriteNumber("node_ids_crc32", checksum);
        writer.WriteEndObject();
    });

    private static byte[] Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, WriterOptions))
        {
            write(writer);
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteNode(Utf8JsonWriter writer, GatewayNode node)
    {
        writer.WriteStartObject();
        writer.WriteString("node_id", node.NodeId);
        writer.WriteString("node_type", node.NodeType);
        writer.WriteString("name", node.Name);
        writer.WriteNumber("interval", node.Interval);
        writer.WriteNumber("period", node.Period);
        WriteStrings(writer, "tags", node.Tags);
        WriteStrings(writer, "inputs", node.Inputs);
        writer.WriteString("code_hash", node.CodeHash);
        writer.WriteString("config_hash", node.ConfigHash);
        writer.WriteString("schema_hash", node.SchemaHash);
        writer.WriteBoolean("pre_warmup", node.PreWarmup);
        writer.WriteEndObject();
    }

    private static void WriteStrings(Utf8JsonWriter writer, string name, IReadOnlyList<string> values)
    {
        writer.WriteStartArray(name);
        foreach (string value in values)
        {
            writer.WriteStringValue(value);
        }

        writer.WriteEndArray();
    }
}
