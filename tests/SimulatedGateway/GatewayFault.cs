namespace Qmtl.Simulation.Gateway;

/// <summary>
/// Something wrong with one answer of a <see cref="SimulatedGateway"/>. Queue it in <see cref="SimulatedGateway.Faults"/>.
/// </summary>
/// <remarks>
/// A handshake of a WebSocket is answered with the status of a fault that has one; other faults but <see cref="Stall"/>, <see cref="Late"/>
/// and <see cref="ConnectionReset"/> leave it alone.
/// </remarks>
public sealed record GatewayFault
{
    private GatewayFault(GatewayFaultKind kind) => Kind = kind;

    /// <summary>What is wrong.</summary>
    public GatewayFaultKind Kind { get; }

    /// <summary>The status of a <see cref="GatewayFaultKind.Status"/> fault.</summary>
    public int StatusCode { get; private init; }

    /// <summary>The body of a <see cref="GatewayFaultKind.Status"/> fault.</summary>
    public string Content { get; private init; } = string.Empty;

    /// <summary>The type of <see cref="Content"/>.</summary>
    public string ContentType { get; private init; } = "application/json";

    /// <summary>Where a redirect leads, or null.</summary>
    public string? Location { get; private init; }

    /// <summary>The fields that a <see cref="GatewayFaultKind.WithoutFields"/> fault leaves out.</summary>
    public IReadOnlyList<string> Fields { get; private init; } = [];

    /// <summary>How many bytes a <see cref="GatewayFaultKind.LongBody"/> fault sends.</summary>
    public int Length { get; private init; }

    /// <summary>What a <see cref="GatewayFaultKind.Late"/> fault waits for.</summary>
    public Task Until { get; private init; } = Task.CompletedTask;

    /// <inheritdoc cref="GatewayFaultKind.Stall"/>
    public static GatewayFault Stall { get; } = new(GatewayFaultKind.Stall);

    /// <inheritdoc cref="GatewayFaultKind.ConnectionReset"/>
    public static GatewayFault ConnectionReset { get; } = new(GatewayFaultKind.ConnectionReset);

    /// <inheritdoc cref="GatewayFaultKind.HalfBody"/>
    public static GatewayFault HalfBody { get; } = new(GatewayFaultKind.HalfBody);

    /// <summary>A status, with a body of JSON.</summary>
    /// <param name="statusCode">The HTTP status, for example 500 or 422.</param>
    /// <param name="json">The body.</param>
    public static GatewayFault Status(int statusCode, string json = """{"detail":"simulated"}""") =>
        new(GatewayFaultKind.Status) { StatusCode = statusCode, Content = json };

    /// <summary>A web page, as proxies send them.</summary>
    /// <param name="statusCode">The HTTP status.</param>
    public static GatewayFault Html(int statusCode = 200) =>
        new(GatewayFaultKind.Status) { StatusCode = statusCode, Content = "<html><body><h1>Please log in</h1></body></html>", ContentType = "text/html" };

    /// <summary>A redirect.</summary>
    /// <param name="statusCode">The HTTP status, for example 302 or 307.</param>
    /// <param name="location">Where it leads.</param>
    public static GatewayFault Redirect(int statusCode, string location) =>
        new(GatewayFaultKind.Status) { StatusCode = statusCode, Location = location };

    /// <summary>The right answer without some of its fields.</summary>
    public static GatewayFault WithoutFields(params IReadOnlyList<string> fields) => new(GatewayFaultKind.WithoutFields) { Fields = fields };

    /// <summary>The right answer of the moment of the request, after <paramref name="until"/>.</summary>
    /// <param name="until">What is waited for.</param>
    public static GatewayFault Late(Task until) => new(GatewayFaultKind.Late) { Until = until };

    /// <summary>A body of spaces.</summary>
    /// <param name="length">How many bytes.</param>
    public static GatewayFault LongBody(int length) => new(GatewayFaultKind.LongBody) { Length = length };
}
