using System.Text.Json;
using Qmtl.Gateway.Activation;

namespace Qmtl.Unit.Gateway;

public sealed class ActivationDocumentTests
{
    [Fact]
    public void All_fields_are_read()
    {
        ActivationDocument document = Read("""
            {"side": "short", "active": true, "weight": 0.25, "freeze": true, "drain": true, "version": 1, "etag": "e1", "run_id": "r1",
             "ts": "2025-09-01T10:00:00.125+02:00", "state_hash": "h1", "effective_mode": "paper", "more": {}}
            """);

        Assert.Equal(
            new ActivationDocument
            {
                Side = ActivationSide.Short,
                Active = true,
                Weight = 0.25,
                Freeze = true,
                Drain = true,
                ETag = "e1",
                RunId = "r1",
                Timestamp = new DateTimeOffset(2025, 9, 1, 8, 0, 0, 125, TimeSpan.Zero),
                StateHash = "h1",
                EffectiveMode = "paper",
            },
            document);
    }

    [Theory]
    [InlineData("\"active\": true", 1)]
    [InlineData("\"active\": false", 0)]
    [InlineData("\"active\": true, \"weight\": null", 1)]
    [InlineData("\"active\": true, \"weight\": 0", 0)]
    [InlineData("\"active\": true, \"weight\": 1", 1)]
    [InlineData("\"active\": false, \"weight\": 0.5", 0.5)]
    public void A_weight_left_out_is_1_if_active_and_0_if_not(string fields, double weight)
    {
        Assert.Equal(weight, Read($$"""{"side": "all", {{fields}}}""").Weight);
    }

    [Theory]
    [InlineData("1756713600", 1756713600)]
    [InlineData("1756713600000", 1756713600)]
    [InlineData("\"1756713600\"", 1756713600)]
    [InlineData("\"2025-09-01T08:00:00Z\"", 1756713600)]
    [InlineData("\"2025-09-01T08:00:00\"", 1756713600)]
    public void A_time_may_be_text_or_seconds_or_milliseconds(string ts, long seconds)
    {
        Assert.Equal(seconds, Read($$"""{"side": "long", "active": true, "ts": {{ts}}}""").Timestamp!.Value.ToUnixTimeSeconds());
    }

    [Theory]
    [InlineData("\"side\": \"long\"", "no 'active'")]
    [InlineData("\"side\": \"long\", \"active\": \"yes\"", "'active'")]
    [InlineData("\"side\": \"long\", \"active\": null", "no 'active'")]
    [InlineData("\"active\": true", "no 'side'")]
    [InlineData("\"side\": \"LONG\", \"active\": true", "'side'")]
    [InlineData("\"side\": 1, \"active\": true", "'side'")]
    [InlineData("\"side\": \"long\", \"active\": true, \"weight\": 1.01", "'weight' of 1.01")]
    [InlineData("\"side\": \"long\", \"active\": true, \"weight\": -0.5", "'weight' of -0.5")]
    [InlineData("\"side\": \"long\", \"active\": true, \"weight\": 1e999", "'weight'")]
    [InlineData("\"side\": \"long\", \"active\": true, \"weight\": \"1\"", "'weight'")]
    [InlineData("\"side\": \"long\", \"active\": true, \"freeze\": 0", "'freeze'")]
    [InlineData("\"side\": \"long\", \"active\": true, \"drain\": \"no\"", "'drain'")]
    [InlineData("\"side\": \"long\", \"active\": true, \"ts\": \"yesterday\"", "'ts'")]
    [InlineData("\"side\": \"long\", \"active\": true, \"ts\": 1e300", "'ts'")]
    public void A_document_with_a_wrong_field_is_refused_by_the_field_s_name(string fields, string named)
    {
        Assert.Contains(named, Assert.Throws<FormatException>(() => Read($"{{{fields}}}")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"version\": 1", true)]
    [InlineData("\"version\": 1.0", true)]
    [InlineData("\"version\": 2", false)]
    [InlineData("\"version\": \"1\"", false)]
    [InlineData("\"version\": null", false)]
    [InlineData("\"active\": true", false)]
    public void Only_version_1_is_understood(string field, bool expected)
    {
        Assert.Equal(expected, ActivationDocument.HasUnderstoodVersion(JsonDocument.Parse($"{{{field}}}").RootElement));
    }

    [Fact]
    public void What_it_does_not_say_of_freeze_and_drain_is_left_open()
    {
        ActivationDocument document = Read("""{"side": "long", "active": true}""");

        Assert.Equal((null, null, true), (document.Freeze, document.Drain, document.Opens));
    }

    [Fact]
    public void Downgrade_and_safe_mode_are_in_the_context()
    {
        ActivationDocument document = Read("""
            {"side": "long", "active": true, "execution_domain": "backtest",
             "compute_context": {"execution_domain": "other", "downgraded": true, "downgrade_reason": "stale_decision", "safe_mode": true}}
            """);

        Assert.Equal(("backtest", true, "stale_decision", true), (document.ExecutionDomain, document.Downgraded, document.DowngradeReason, document.SafeMode));
        Assert.Equal("Long allowed at 1 (downgraded: stale_decision, safe mode)", new SideActivation(ActivationSide.Long, true, 1, null, document).ToString());
    }

    private static ActivationDocument Read(string json) => ActivationDocument.Read(JsonDocument.Parse(json).RootElement);
}
