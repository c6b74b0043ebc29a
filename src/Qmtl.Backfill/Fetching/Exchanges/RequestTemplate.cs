using System.Text;
using System.Text.Json;
using Qmtl.Fetching.Http;

namespace Qmtl.Fetching.Exchanges;

/// <summary>The request of one route: path, query, headers and body with their placeholders.</summary>
internal sealed class RequestTemplate
{
    private readonly HttpMethod _method;
    private readonly TextTemplate _path;
    private readonly List<(string Name, TextTemplate Value)> _query;
    private readonly List<(string Name, TextTemplate Value)> _headers;
    private readonly JsonElement? _body;
    private readonly Dictionary<string, TextTemplate> _bodyTexts = [];

    private RequestTemplate(DeclaredNode route)
    {
        DeclaredNode path = route.Required("path");
        _path = path.Text().AsSpan().ContainsAny('?', '#')
            ? throw path.Wrong("must be a path alone. Write what follows the question mark under 'query'")
            : TextTemplate.Read(path, escape: true);
        _query = ReadTexts(route.Optional("query"));
        _headers = ReadTexts(route.Optional("headers"));
        _body = route.Optional("body")?.Json;
        Dictionary<string, HttpMethod> methods = new() { ["GET"] = HttpMethod.Get, ["POST"] = HttpMethod.Post };
        _method = route.Optional("method")?.OneOf(methods) ?? (_body is null ? HttpMethod.Get : HttpMethod.Post);
        if (route.Optional("body") is { } body)
        {
            ReadBody(body);
        }

        RequireHeaderNames(route.Optional("headers"));
    }

    /// <summary>The environment variables that it needs.</summary>
    public IEnumerable<string> Secrets =>
        _query.Concat(_headers).Select(static entry => entry.Value).Concat(_bodyTexts.Values).SelectMany(static text => text.Secrets);

    /// <summary>Reads the request of a route.</summary>
    /// <exception cref="ArgumentException">Something of it is wrong.</exception>
    public static RequestTemplate Read(DeclaredNode route) => new(route);

    /// <summary>The request for a page.</summary>
    /// <param name="page">The page.</param>
    /// <param name="more">What asks for the continuation of an answer: a query parameter; null for the first request.</param>
    /// <exception cref="SourceException">A secret is not set.</exception>
    public HttpRequestMessage Fill(HttpPage page, KeyValuePair<string, string>? more)
    {
        // A colon may stand in a path, and some exchanges have it between the parts of a symbol.
        string path = _path.Fill(page).TrimStart('/').Replace("%3A", ":", StringComparison.Ordinal);
        var address = new StringBuilder(page.BaseUri.AbsoluteUri).Append(path);
        IEnumerable<KeyValuePair<string, string>> query = _query.Select(entry => KeyValuePair.Create(entry.Name, entry.Value.Fill(page)));
        char separator = '?';
        foreach ((string name, string value) in more is { } token ? query.Append(token) : query)
        {
            address.Append(separator).Append(Uri.EscapeDataString(name)).Append('=').Append(Uri.EscapeDataString(value));
            separator = '&';
        }

        var request = new HttpRequestMessage(_method, address.ToString());
        foreach ((string name, TextTemplate value) in _headers)
        {
            request.Headers.TryAddWithoutValidation(name, RequirePlain(name, value, page));
        }

        if (_body is { } body)
        {
            request.Content = new ByteArrayContent(FillBody(body, page)) { Headers = { ContentType = new("application/json") } };
        }

        return request;
    }

    private static List<(string Name, TextTemplate Value)> ReadTexts(DeclaredNode? node) =>
        node is { } texts ? [.. texts.Members().Select(static member => (member.Key, TextTemplate.Read(member.Value)))] : [];

    // A line break would begin a header of the symbol's own.
    private static string RequirePlain(string name, TextTemplate template, HttpPage page)
    {
        string value = template.Fill(page);
        return !value.AsSpan().ContainsAnyExceptInRange(' ', '~') ? value : throw new SourceException(
            $"The header {name} would have what is no printable ASCII. Correct "
                + (template.Secrets is [var secret, ..] ? $"{secret}, in the environment or the credential." : "the symbol."))
        { IsUnsent = true };
    }

    private static void RequireHeaderNames(DeclaredNode? headers)
    {
        foreach ((string name, DeclaredNode value) in headers?.Members() ?? [])
        {
            if (!new HttpRequestMessage().Headers.TryAddWithoutValidation(name, "x"))
            {
                throw value.Wrong("stands under a name that no header of a request has");
            }
        }
    }

    private void ReadBody(DeclaredNode node)
    {
        if (node.IsText)
        {
            _bodyTexts[node.Json.GetString()!] = TextTemplate.Read(node);
        }
        else if (node.Json.ValueKind is JsonValueKind.Object or JsonValueKind.Array)
        {
            bool isList = node.Json.ValueKind == JsonValueKind.Array;
            foreach (DeclaredNode child in isList ? node.Items() : node.Members().Select(static member => member.Value))
            {
                ReadBody(child);
            }
        }
    }

    private byte[] FillBody(JsonElement body, HttpPage page)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            Write(writer, body, page);
        }

        return buffer.ToArray();
    }

    private void Write(Utf8JsonWriter writer, JsonElement value, HttpPage page)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (JsonProperty member in value.EnumerateObject())
                {
                    writer.WritePropertyName(member.Name);
                    Write(writer, member.Value, page);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (JsonElement item in value.EnumerateArray())
                {
                    Write(writer, item, page);
                }

                writer.WriteEndArray();
                break;
            case JsonValueKind.String:
                TextTemplate text = _bodyTexts[value.GetString()!];
                if (text.IsNumber)
                {
                    writer.WriteRawValue(text.Fill(page));
                }
                else
                {
                    writer.WriteStringValue(text.Fill(page));
                }

                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }
}
