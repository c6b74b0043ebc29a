using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using Qmtl.Telemetry;

namespace Qmtl.Metrics.Export;

/// <summary>
/// Pushes Qmtl's meter by OTLP where the standard variables say so: <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> or
/// <c>OTEL_EXPORTER_OTLP_METRICS_ENDPOINT</c> turns it on, and OpenTelemetry's own library reads all others
/// (<c>…_PROTOCOL</c>, <c>…_HEADERS</c>, <c>OTEL_METRIC_EXPORT_INTERVAL</c>, <c>OTEL_SERVICE_NAME</c>, <c>OTEL_RESOURCE_ATTRIBUTES</c>).
/// </summary>
public sealed class OtlpPush : IDisposable
{
    private static readonly string[] Switches = ["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];

    private readonly MeterProvider _provider;

    private OtlpPush(MeterProvider provider, string endpoint) => (_provider, Endpoint) = (provider, endpoint);

    /// <summary>Where it pushes to, for people: scheme, host and port, without anything that could be a secret.</summary>
    public string Endpoint { get; }

    /// <summary>
    /// Begins to push, every minute or as <c>OTEL_METRIC_EXPORT_INTERVAL</c> says; null where the environment does not ask for it,
    /// or forbids it with <c>OTEL_SDK_DISABLED=true</c> or <c>OTEL_METRICS_EXPORTER=none</c>.
    /// </summary>
    /// <param name="environment">Tells whether and where to; null for the process's environment. The library reads the process's own for
    /// all else.</param>
    /// <exception cref="FormatException">The endpoint is no http or https address.</exception>
    public static OtlpPush? StartIfAsked(Func<string, string?>? environment = null)
    {
        environment ??= Environment.GetEnvironmentVariable;
        if (Array.Find(Switches, name => !string.IsNullOrWhiteSpace(environment(name))) is not { } variable || IsForbidden(environment))
        {
            return null;
        }

        if (!Uri.TryCreate(environment(variable), UriKind.Absolute, out Uri? endpoint) || endpoint.Scheme is not ("http" or "https"))
        {
            throw new FormatException(
                $"The environment variable {variable} holds no http or https address, for example http://localhost:4318, so metrics cannot "
                    + $"be pushed. Correct it, or remove it.");
        }

        MeterProvider provider = Sdk.CreateMeterProviderBuilder()
            .ConfigureResource(
                resource =>
                    resource.AddService("qmtl", serviceVersion: QmtlMeter.Instruments.Meter.Version).AddEnvironmentVariableDetector())
            .AddMeter(QmtlMeter.Name)
            .AddView(static _ => new MetricStreamConfiguration { CardinalityLimit = QmtlMeter.SeriesLimit })
            .AddOtlpExporter()
            .Build();
        return new OtlpPush(provider, endpoint.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped));
    }

    /// <summary>
    /// Pushes what was measured since the last push, and stops. Call it before the process ends, or the last measurements are lost.
    /// A receiver that does not answer holds it up for no longer than <paramref name="timeout"/>.
    /// </summary>
    /// <param name="timeout">How long all of it may take.</param>
    /// <returns>False where the receiver did not take it in that time.</returns>
    public bool End(TimeSpan timeout)
    {
        // The library heeds a time-out of its own while a push is under way, and pushes again when it is disposed. The thread does
        // not keep the process from ending.
        bool isTaken = false;
        var ending = new Thread(() =>
        {
            Volatile.Write(ref isTaken, _provider.ForceFlush((int)timeout.TotalMilliseconds));
            Dispose();
        })
        {
            IsBackground = true,
            Name = "Qmtl's last push of metrics",
        };
        ending.Start();
        ending.Join(timeout);
        return Volatile.Read(ref isTaken);
    }

    /// <summary>
    /// Stops. What was measured since the last push is pushed once more; that may take as long as the exporter's own time-outs.
    /// </summary>
    public void Dispose() => _provider.Dispose();

    private static bool IsForbidden(Func<string, string?> environment) =>
        string.Equals(environment("OTEL_SDK_DISABLED"), "true", StringComparison.OrdinalIgnoreCase)
        || string.Equals(environment("OTEL_METRICS_EXPORTER"), "none", StringComparison.OrdinalIgnoreCase);
}
