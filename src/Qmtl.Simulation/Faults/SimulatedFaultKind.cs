namespace Qmtl.Simulation.Faults;

/// <summary>What can be wrong with an answer.</summary>
public enum SimulatedFaultKind
{
    /// <summary>An error status instead of an answer.</summary>
    Status,

    /// <summary>
    /// The connection is closed before a byte of the answer. Clients may ask again by themselves where the connection had served a request
    /// before.
    /// </summary>
    ConnectionReset,

    /// <summary>The connection is closed after half of the body.</summary>
    HalfBody,

    /// <summary>A web page with status 200.</summary>
    Html,

    /// <summary>A JSON object instead of an array, with status 200.</summary>
    JsonObject,

    /// <summary>No answer until the client gives up.</summary>
    Stall,

    /// <summary>Only the first few rows of the answer.</summary>
    FewerRows,

    /// <summary>More rows than were asked for: one before the range and one after it.</summary>
    RowsOutsideRange,

    /// <summary>Some rows have their open time moved by one second.</summary>
    RowsOffGrid,

    /// <summary>Some rows come twice.</summary>
    RepeatedRows,

    /// <summary>The rows come in descending order.</summary>
    RowsOutOfOrder,

    /// <summary>Some rows have the close <c>"NaN"</c>.</summary>
    NotANumber,

    /// <summary>Some rows have nulls in place of all prices and volumes.</summary>
    NullFields,

    /// <summary>Some rows have null in place of the open time.</summary>
    RowsWithoutOpenTime,

    /// <summary>Some rows end after the third field.</summary>
    TruncatedRows,
}
