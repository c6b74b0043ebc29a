namespace Qmtl.Telemetry.Logging;

/// <summary>
/// The numbers of the log events, a thousand for each part; <see cref="LogEventNames"/> has the names under the same members.
/// Names are what operators filter by; the numbers are for log providers that know nothing else.
/// </summary>
public static class LogEventIds
{
    /// <inheritdoc cref="LogEventNames.BackfillStart"/>
    public const int BackfillStart = 1000;

    /// <inheritdoc cref="LogEventNames.BackfillPlan"/>
    public const int BackfillPlan = 1001;

    /// <inheritdoc cref="LogEventNames.BackfillRequest"/>
    public const int BackfillRequest = 1002;

    /// <inheritdoc cref="LogEventNames.BackfillRetry"/>
    public const int BackfillRetry = 1003;

    /// <inheritdoc cref="LogEventNames.BackfillWait"/>
    public const int BackfillWait = 1004;

    /// <inheritdoc cref="LogEventNames.BackfillPage"/>
    public const int BackfillPage = 1005;

    /// <inheritdoc cref="LogEventNames.BackfillRowsRejected"/>
    public const int BackfillRowsRejected = 1006;

    /// <inheritdoc cref="LogEventNames.BackfillComplete"/>
    public const int BackfillComplete = 1007;

    /// <inheritdoc cref="LogEventNames.BackfillFailed"/>
    public const int BackfillFailed = 1008;

    /// <inheritdoc cref="LogEventNames.BackfillCancelled"/>
    public const int BackfillCancelled = 1009;

    /// <inheritdoc cref="LogEventNames.BackfillRateLimit"/>
    public const int BackfillRateLimit = 1010;

    /// <inheritdoc cref="LogEventNames.SourceCsvTimes"/>
    public const int SourceCsvTimes = 2000;

    /// <inheritdoc cref="LogEventNames.SourceCsvUnreadable"/>
    public const int SourceCsvUnreadable = 2001;

    /// <inheritdoc cref="LogEventNames.SourceNote"/>
    public const int SourceNote = 2002;

    /// <inheritdoc cref="LogEventNames.StoreWritePath"/>
    public const int StoreWritePath = 3000;

    /// <inheritdoc cref="LogEventNames.StoreTable"/>
    public const int StoreTable = 3001;

    /// <inheritdoc cref="LogEventNames.StoreWarning"/>
    public const int StoreWarning = 3002;

    /// <inheritdoc cref="LogEventNames.RecorderFlush"/>
    public const int RecorderFlush = 4000;

    /// <inheritdoc cref="LogEventNames.RecorderAway"/>
    public const int RecorderAway = 4001;

    /// <inheritdoc cref="LogEventNames.RecorderBack"/>
    public const int RecorderBack = 4002;

    /// <inheritdoc cref="LogEventNames.RecorderRowsRefused"/>
    public const int RecorderRowsRefused = 4003;

    /// <inheritdoc cref="LogEventNames.RecorderSpoolFull"/>
    public const int RecorderSpoolFull = 4004;

    /// <inheritdoc cref="LogEventNames.RecorderSpoolUnavailable"/>
    public const int RecorderSpoolUnavailable = 4005;

    /// <inheritdoc cref="LogEventNames.RecorderSpoolDamaged"/>
    public const int RecorderSpoolDamaged = 4006;

    /// <inheritdoc cref="LogEventNames.RecorderClosed"/>
    public const int RecorderClosed = 4007;

    /// <inheritdoc cref="LogEventNames.RecorderRetryFailed"/>
    public const int RecorderRetryFailed = 4008;

    /// <inheritdoc cref="LogEventNames.RecorderWarning"/>
    public const int RecorderWarning = 4009;

    /// <inheritdoc cref="LogEventNames.WarmupComplete"/>
    public const int WarmupComplete = 5000;

    /// <inheritdoc cref="LogEventNames.WarmupHoles"/>
    public const int WarmupHoles = 5001;

    /// <inheritdoc cref="LogEventNames.WarmupFailed"/>
    public const int WarmupFailed = 5002;

    /// <inheritdoc cref="LogEventNames.NodeFailed"/>
    public const int NodeFailed = 5003;

    /// <inheritdoc cref="LogEventNames.GatewayConnected"/>
    public const int GatewayConnected = 6000;

    /// <inheritdoc cref="LogEventNames.GatewayDisconnected"/>
    public const int GatewayDisconnected = 6001;

    /// <inheritdoc cref="LogEventNames.GatewayActivationChanged"/>
    public const int GatewayActivationChanged = 6002;

    /// <inheritdoc cref="LogEventNames.GatewayCircuitOpen"/>
    public const int GatewayCircuitOpen = 6003;

    /// <inheritdoc cref="LogEventNames.GatewayNotAnswered"/>
    public const int GatewayNotAnswered = 6004;

    /// <inheritdoc cref="LogEventNames.GatewayIgnored"/>
    public const int GatewayIgnored = 6005;

    /// <inheritdoc cref="LogEventNames.GatewayQueueUpdated"/>
    public const int GatewayQueueUpdated = 6006;

    /// <inheritdoc cref="LogEventNames.GatewaySentinelWeight"/>
    public const int GatewaySentinelWeight = 6007;
}
