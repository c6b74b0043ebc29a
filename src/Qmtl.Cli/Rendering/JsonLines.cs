using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Qmtl.Backfill;
using Qmtl.Cli.Logging;
using Qmtl.Cluster;
using Qmtl.Data;
using Qmtl.Fetching.Exchanges;
using Qmtl.History;
using Qmtl.Keeping;
using Qmtl.Messages;
using Qmtl.Quality;
using Qmtl.Time;

namespace Qmtl.Cli.Rendering;

/// <summary>
/// Writes JSON lines: one object a line, names in snake_case. Every instant is there twice, as ISO 8601 (UTC) and as Unix
/// seconds. The names are a contract with scripts.
/// </summary>
internal sealed class JsonLines(Stream output)
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        // The output is no HTML page; node ids stay readable.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>
    /// Writes a range of bars, such as a gap, or with <paramref name="table"/> stored ones and the table that they are in.
    /// </summary>
    public Task WriteRangeAsync(StreamKey stream, TimeRange range, CancellationToken cancellationToken, string? table = null) =>
        WriteAsync(new RangeLine(stream, range) { Table = table }, cancellationToken);

    /// <summary>Writes what became of a range.</summary>
    public Task WriteResultAsync(BackfillResult result, CancellationToken cancellationToken) =>
        WriteAsync(
            new ResultLine(result.Stream, result.Range)
            {
                Status = JsonNamingPolicy.SnakeCaseLower.ConvertName(result.Status.ToString()),
                BarsWritten = result.BarsWritten,
                BarsReplaced = result.BarsReplaced,
                BarsEmpty = result.BarsEmpty,
                BarsRejected = result.BarsRejected,
                BarsMissing = result.BarsMissing,
                Requests = result.Requests,
                Retries = result.Retries,
                DurationSeconds = Math.Round(result.Duration.TotalSeconds, 3),
                Error = result.Error is null ? null : Redaction.OneLine(result.Error.Message),
            },
            cancellationToken);

    /// <summary>Writes what a keeper would have to do for a stream.</summary>
    public Task WritePlanAsync(KeepPlan plan, CancellationToken cancellationToken) => WriteAsync(
        new
        {
            plan.Kept.Stream.NodeId,
            Interval = plan.Kept.Stream.Interval.ToString(),
            IntervalSeconds = SecondsOf(plan.Kept.Stream.Interval),
            Source = plan.Kept.Source.Name,
            Store = plan.Kept.Store.Name,
            Start = UnixTime.Format(plan.Kept.FirstBar),
            StartTs = plan.Kept.FirstBar,
            BarsMissing = plan.Missing,
            plan.Requests,
            BarsOutOfReach = plan.OutOfReach,
        },
        cancellationToken);

    /// <summary>Writes what is wrong with a bar, or several.</summary>
    public Task WriteFindingAsync(BarFinding finding, CancellationToken cancellationToken) => WriteAsync(
        new
        {
            finding.Stream.NodeId,
            Interval = finding.Stream.Interval.ToString(),
            Time = UnixTime.Format(finding.Range.Start),
            Ts = finding.Range.Start,
            End = UnixTime.Format(finding.Range.End),
            EndTs = finding.Range.End,
            Check = JsonNamingPolicy.SnakeCaseLower.ConvertName(finding.Check.ToString()),
            finding.Column,
            finding.Value,
            finding.Expected,
            finding.Message,
        },
        cancellationToken);

    /// <summary>Writes a stream at a glance.</summary>
    public Task WriteSummaryAsync(HistorySummary summary, DateTimeOffset now, CancellationToken cancellationToken) => WriteAsync(
        new
        {
            summary.Stream.NodeId,
            Interval = summary.Stream.Interval.ToString(),
            IntervalSeconds = SecondsOf(summary.Stream.Interval),
            First = UnixTime.Format(summary.Bounds.Start),
            Last = UnixTime.Format(summary.Bounds.End),
            FirstTs = summary.Bounds.Start,
            LastTs = summary.Bounds.End,
            summary.Bars,
            summary.Missing,
            summary.Empty,
            CompletenessPercent = summary.Percent,
            BarsBehind = summary.CountBehind(now),
            FreshnessSeconds = (long)summary.GetFreshness(now).TotalSeconds,
            summary.Bytes,
        },
        cancellationToken);

    /// <summary>Writes how late and how complete a stream is.</summary>
    public Task WriteStatusAsync(StreamStatus status, string store, CancellationToken cancellationToken) => WriteAsync(
        new
        {
            status.Stream.NodeId,
            Interval = status.Stream.Interval.ToString(),
            IntervalSeconds = SecondsOf(status.Stream.Interval),
            State = JsonNamingPolicy.SnakeCaseLower.ConvertName(status.State.ToString()),
            Newest = status.Newest is { } newest ? UnixTime.Format(newest) : null,
            Expected = UnixTime.Format(status.Expected),
            NewestTs = status.Newest,
            ExpectedTs = status.Expected,
            StalenessSeconds = status.Staleness is { } late ? (long)late.TotalSeconds : (long?)null,
            BudgetSeconds = status.Budget.TotalSeconds,
            BarsBehind = status.Behind,
            Bars = status.History?.Bars ?? 0,
            status.Missing,
            Empty = status.History?.Empty ?? 0,
            CoverageRatio = status.Coverage,
            Store = store,
        },
        cancellationToken);

    /// <summary>Writes what is known of an exchange.</summary>
    public Task WriteExchangeAsync(ExchangeProfile exchange, CancellationToken cancellationToken) => WriteAsync(
        new
        {
            exchange.Name,
            exchange.Title,
            exchange.Market,
            BaseUri = exchange.BaseUri.ToString(),
            exchange.SymbolExample,
            Intervals = exchange.Intervals.Select(static interval => interval.ToString()),
            exchange.BarsPerRequest,
            exchange.ReachInBars,
            ReachSeconds = exchange.Reach?.TotalSeconds,
            Limits = exchange.Limits.Select(
                static limit => new { limit.Weight, PerSeconds = limit.Per.TotalSeconds, limit.CountsRequests }),
            Trusted = exchange.IsTrusted,
            exchange.VolumeUnit,
            exchange.Columns,
            exchange.Secrets,
            exchange.Note,
        },
        cancellationToken);

    /// <summary>Writes a member of a cluster.</summary>
    public Task WriteMemberAsync(ClusterMember member, CancellationToken cancellationToken) => WriteAsync(
        new
        {
            member.Name,
            member.Address,
            State = JsonNamingPolicy.SnakeCaseLower.ConvertName(member.State),
            Since = UnixTime.Format(member.Since.ToUnixTimeSeconds()),
            SinceTs = member.Since.ToUnixTimeSeconds(),
            member.Streams,
        },
        cancellationToken);

    /// <summary>Writes a difference between a stored bar and another's.</summary>
    public Task WriteDifferenceAsync(StreamKey stream, BarDifference difference, CancellationToken cancellationToken) => WriteAsync(
        new
        {
            stream.NodeId,
            Interval = stream.Interval.ToString(),
            Time = UnixTime.Format(difference.Timestamp),
            Ts = difference.Timestamp,
            Kind = JsonNamingPolicy.SnakeCaseLower.ConvertName(difference.Kind.ToString()),
            difference.Column,
            Stored = Written(difference.Stored),
            Other = Written(difference.Other),
        },
        cancellationToken);

    /// <summary>Writes an entry of a store's trail.</summary>
    public Task WriteRevisionAsync(StreamKey stream, BarRevision revision, CancellationToken cancellationToken) => WriteAsync(
        new
        {
            stream.NodeId,
            Interval = stream.Interval.ToString(),
            Time = UnixTime.Format(revision.Timestamp),
            Ts = revision.Timestamp,
            revision.Column,
            revision.Was,
            revision.Is,
            revision.Source,
            RevisedAt = UnixTime.Format(revision.RevisedAt.ToUnixTimeSeconds()),
            RevisedAtTs = revision.RevisedAt.ToUnixTimeSeconds(),
        },
        cancellationToken);

    // JSON has no infinity.
    private static object? Written(object? value) =>
        value is double number && !double.IsFinite(number) ? number.ToString(CultureInfo.InvariantCulture) : value;

    // Months have none.
    private static long? SecondsOf(BarInterval interval) => interval.IsFixed ? interval.Seconds : null;

    private async Task WriteAsync<T>(T line, CancellationToken cancellationToken)
    {
        // What is written out there can stand only in a string, and is JSON's own escape for the same character.
        string json = PlainText.Escape(JsonSerializer.Serialize(line, Options));
        await output.WriteAsync(Encoding.UTF8.GetBytes(json + '\n'), cancellationToken);

        // A reader at the other end of a pipe sees a line as soon as it is known.
        await output.FlushAsync(cancellationToken);
    }

    private class RangeLine(StreamKey stream, TimeRange range)
    {
        [JsonPropertyOrder(-1)]
        public string NodeId => stream.NodeId;

        [JsonPropertyOrder(-1)]
        public string Interval => stream.Interval.ToString();

        [JsonPropertyOrder(-1)]
        public long? IntervalSeconds => SecondsOf(stream.Interval);

        [JsonPropertyOrder(-1)]
        public string Start => UnixTime.Format(range.Start);

        [JsonPropertyOrder(-1)]
        public string End => UnixTime.Format(range.End);

        [JsonPropertyOrder(-1)]
        public long StartTs => range.Start;

        [JsonPropertyOrder(-1)]
        public long EndTs => range.End;

        [JsonPropertyOrder(-1)]
        public long Bars => range.CountBars(stream.Interval);

        [JsonPropertyOrder(-1)]
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public string? Table { get; init; }
    }

    private sealed class ResultLine(StreamKey stream, TimeRange range) : RangeLine(stream, range)
    {
        public required string Status { get; init; }

        public required long BarsWritten { get; init; }

        public required long BarsReplaced { get; init; }

        public required long BarsEmpty { get; init; }

        public required long BarsRejected { get; init; }

        public required long BarsMissing { get; init; }

        public required int Requests { get; init; }

        public required int Retries { get; init; }

        public required double DurationSeconds { get; init; }

        public required string? Error { get; init; }
    }
}
