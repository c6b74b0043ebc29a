namespace Qmtl.Telemetry.Logging;

/// <summary>
/// The names of all log events, for filters and alerts: <c>part.what</c>, never changed and never used for something else.
/// docs/logs.md has their levels and fields.
/// </summary>
public static class LogEventNames
{
    /// <summary>A stream's backfill has begun.</summary>
    public const string BackfillStart = "backfill.start";

    /// <summary>What is missing of a stream is known, and how many requests it takes.</summary>
    public const string BackfillPlan = "backfill.plan";

    /// <summary>A source answered one request, or failed to.</summary>
    public const string BackfillRequest = "backfill.request";

    /// <summary>A request or a write failed for a passing reason and is tried again.</summary>
    public const string BackfillRetry = "backfill.retry";

    /// <summary>A request waits to keep within its host's rate limit.</summary>
    public const string BackfillWait = "backfill.wait";

    /// <summary>A page is committed.</summary>
    public const string BackfillPage = "backfill.page";

    /// <summary>Rows of a stream's answers could not be stored; once a stream, with counts.</summary>
    public const string BackfillRowsRejected = "backfill.rows_rejected";

    /// <summary>A range has ended without an error; the field <c>status</c> says how.</summary>
    public const string BackfillComplete = "backfill.complete";

    /// <summary>A range has ended with an error.</summary>
    public const string BackfillFailed = "backfill.failed";

    /// <summary>A range was cancelled.</summary>
    public const string BackfillCancelled = "backfill.cancelled";

    /// <summary>A stream's requests waited a second or more, all together, for the rate limit.</summary>
    public const string BackfillRateLimit = "backfill.rate_limit";

    /// <summary>The form in which a CSV file writes its times.</summary>
    public const string SourceCsvTimes = "source.csv_times";

    /// <summary>A CSV file has rows that cannot be read.</summary>
    public const string SourceCsvUnreadable = "source.csv_unreadable";

    /// <summary>How a source's answers were read: their times, or values that are none.</summary>
    public const string SourceNote = "source.note";

    /// <summary>The way by which bars go into a store that has several.</summary>
    public const string StoreWritePath = "store.write_path";

    /// <summary>The table of a stream whose node id is not its name.</summary>
    public const string StoreTable = "store.table";

    /// <summary>A write did not fail, and yet something is to be known of the store.</summary>
    public const string StoreWarning = "store.warning";

    /// <summary>Recorded rows are delivered.</summary>
    public const string RecorderFlush = "recorder.flush";

    /// <summary>The recorder's store cannot take rows now; they are kept.</summary>
    public const string RecorderAway = "recorder.away";

    /// <summary>The recorder's store takes rows again.</summary>
    public const string RecorderBack = "recorder.back";

    /// <summary>Recorded rows were taken, and yet something is to be known of the store.</summary>
    public const string RecorderWarning = "recorder.warning";

    /// <summary>The recorder's store refuses rows for good; they are set aside.</summary>
    public const string RecorderRowsRefused = "recorder.rows_refused";

    /// <summary>The spool has reached its limit; whoever records now waits.</summary>
    public const string RecorderSpoolFull = "recorder.spool_full";

    /// <summary>The spool cannot be written; rows are kept in memory.</summary>
    public const string RecorderSpoolUnavailable = "recorder.spool_unavailable";

    /// <summary>A file of the spool is damaged: what could be read of it is delivered, and the file stays.</summary>
    public const string RecorderSpoolDamaged = "recorder.spool_damaged";

    /// <summary>Refused rows that were to be retried cannot be read from their file, which stays.</summary>
    public const string RecorderRetryFailed = "recorder.retry_failed";

    /// <summary>The recorder has ended, with what became of its rows.</summary>
    public const string RecorderClosed = "recorder.closed";

    /// <summary>A stream's warm-up has ended with everything in place.</summary>
    public const string WarmupComplete = "warmup.complete";

    /// <summary>A stream's warm-up has ended, and bars are missing.</summary>
    public const string WarmupHoles = "warmup.holes";

    /// <summary>A stream's warm-up has ended with an error.</summary>
    public const string WarmupFailed = "warmup.failed";

    /// <summary>A node's compute function threw.</summary>
    public const string NodeFailed = "node.failed";

    /// <summary>The gateway's events are followed.</summary>
    public const string GatewayConnected = "gateway.connected";

    /// <summary>The gateway's events are not followed any more, or an attempt to follow them failed.</summary>
    public const string GatewayDisconnected = "gateway.disconnected";

    /// <summary>The gateway changed what a strategy may do on a side.</summary>
    public const string GatewayActivationChanged = "gateway.activation_changed";

    /// <summary>The gateway could not be reached so often that it is not asked for a while.</summary>
    public const string GatewayCircuitOpen = "gateway.circuit_open";

    /// <summary>The gateway did not say what a strategy may do on a side.</summary>
    public const string GatewayNotAnswered = "gateway.not_answered";

    /// <summary>Something that the gateway said was not followed.</summary>
    public const string GatewayIgnored = "gateway.ignored";

    /// <summary>The gateway made or changed a queue of results.</summary>
    public const string GatewayQueueUpdated = "gateway.queue_updated";

    /// <summary>The gateway changed the weight of a version of the strategy.</summary>
    public const string GatewaySentinelWeight = "gateway.sentinel_weight";
}
