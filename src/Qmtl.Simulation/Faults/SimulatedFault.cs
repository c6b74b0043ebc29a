namespace Qmtl.Simulation.Faults;

/// <summary>
/// Something wrong with one answer of a <see cref="SimulatedExchange"/>. Queue it in <see cref="SimulatedExchange.Faults"/>.
/// </summary>
public sealed record SimulatedFault
{
    private SimulatedFault(SimulatedFaultKind kind) => Kind = kind;

    /// <summary>What is wrong.</summary>
    public SimulatedFaultKind Kind { get; }

    /// <summary>The status of a <see cref="SimulatedFaultKind.Status"/> fault; 200 for others.</summary>
    public int StatusCode { get; private init; } = 200;

    /// <summary>The <c>Retry-After</c> of a <see cref="SimulatedFaultKind.Status"/> fault, in whole seconds, or null.</summary>
    public TimeSpan? RetryAfter { get; private init; }

    /// <summary>The body of a <see cref="SimulatedFaultKind.Status"/> fault, or null for one that suits the status.</summary>
    public string? Body { get; private init; }

    /// <summary>How many rows a <see cref="SimulatedFaultKind.FewerRows"/> fault leaves.</summary>
    public int RowsLeft { get; private init; }

    /// <summary>Where some rows are wrong: the first one and each one this many after it.</summary>
    /// <value>3 by default; 1 for all rows.</value>
    public int Every { get; init; } = 3;

    /// <inheritdoc cref="SimulatedFaultKind.ConnectionReset"/>
    public static SimulatedFault ConnectionReset { get; } = new(SimulatedFaultKind.ConnectionReset);

    /// <inheritdoc cref="SimulatedFaultKind.HalfBody"/>
    public static SimulatedFault HalfBody { get; } = new(SimulatedFaultKind.HalfBody);

    /// <inheritdoc cref="SimulatedFaultKind.Html"/>
    public static SimulatedFault Html { get; } = new(SimulatedFaultKind.Html);

    /// <inheritdoc cref="SimulatedFaultKind.JsonObject"/>
    public static SimulatedFault JsonObject { get; } = new(SimulatedFaultKind.JsonObject);

    /// <inheritdoc cref="SimulatedFaultKind.Stall"/>
    public static SimulatedFault Stall { get; } = new(SimulatedFaultKind.Stall);

    /// <inheritdoc cref="SimulatedFaultKind.RowsOutsideRange"/>
    public static SimulatedFault RowsOutsideRange { get; } = new(SimulatedFaultKind.RowsOutsideRange);

    /// <inheritdoc cref="SimulatedFaultKind.RowsOffGrid"/>
    public static SimulatedFault RowsOffGrid { get; } = new(SimulatedFaultKind.RowsOffGrid);

    /// <inheritdoc cref="SimulatedFaultKind.RepeatedRows"/>
    public static SimulatedFault RepeatedRows { get; } = new(SimulatedFaultKind.RepeatedRows);

    /// <inheritdoc cref="SimulatedFaultKind.RowsOutOfOrder"/>
    public static SimulatedFault RowsOutOfOrder { get; } = new(SimulatedFaultKind.RowsOutOfOrder);

    /// <inheritdoc cref="SimulatedFaultKind.NotANumber"/>
    public static SimulatedFault NotANumber { get; } = new(SimulatedFaultKind.NotANumber);

    /// <inheritdoc cref="SimulatedFaultKind.NullFields"/>
    public static SimulatedFault NullFields { get; } = new(SimulatedFaultKind.NullFields);

    /// <inheritdoc cref="SimulatedFaultKind.RowsWithoutOpenTime"/>
    public static SimulatedFault RowsWithoutOpenTime { get; } = new(SimulatedFaultKind.RowsWithoutOpenTime);

    /// <inheritdoc cref="SimulatedFaultKind.TruncatedRows"/>
    public static SimulatedFault TruncatedRows { get; } = new(SimulatedFaultKind.TruncatedRows);

    /// <summary>An error status instead of an answer.</summary>
    /// <param name="statusCode">The HTTP status, for example 500, 403, 429 or 418.</param>
    /// <param name="retryAfter">The <c>Retry-After</c> header, in whole seconds; null for none.</param>
    /// <param name="body">The body; null for one that suits the status.</param>
    public static SimulatedFault Status(int statusCode, TimeSpan? retryAfter = null, string? body = null) =>
        new(SimulatedFaultKind.Status) { StatusCode = statusCode, RetryAfter = retryAfter, Body = body };

    /// <summary>Only the first <paramref name="rowsLeft"/> rows of the answer.</summary>
    public static SimulatedFault FewerRows(int rowsLeft) => new(SimulatedFaultKind.FewerRows) { RowsLeft = rowsLeft };
}

/// <summary>What is to go wrong with a <see cref="SimulatedExchange"/>'s answers.</summary>
public sealed class SimulatedFaults : FaultScript<SimulatedRequest, SimulatedFault>;
