using System.Management.Automation.Runspaces;
using Qmtl.Metrics.Collection;
using Qmtl.Metrics.Export;
using Qmtl.Metrics.Serving;
using Qmtl.Recording;
using Qmtl.Streams;
using Qmtl.Telemetry;

namespace Qmtl.PowerShell.Monitoring;

/// <summary>What hands out the metrics of this process: one collector, at most one server, at most one push.</summary>
internal static class ModuleMetrics
{
    private static readonly TimeSpan LastPushTimeout = TimeSpan.FromSeconds(5);
    private static readonly Lock Gate = new();
    private static readonly Lazy<MetricsCollector> LazyCollector = new(static () =>
    {
        // So that their metrics are there, with no series, before there is anything to measure.
        _ = (RecorderInstruments.Shared, NodeInstruments.Shared);
        return new MetricsCollector();
    });

    private static RunningServer? _serving;
    private static OtlpPush? _push;
    private static bool _isPushRefused;

    /// <summary>Reads the meter. Durations are measured only while there is one, so importing the module makes it.</summary>
    public static MetricsCollector Collector => LazyCollector.Value;

    /// <summary>The server that runs; null where there is none.</summary>
    public static MetricsServer? Server => _serving?.Server;

    private static Guid? ThisRunspace => Runspace.DefaultRunspace?.InstanceId;

    /// <summary>Starts the server.</summary>
    /// <returns>False where one runs already; it is then left as it is.</returns>
    /// <exception cref="IOException">The port cannot be had.</exception>
    public static bool TryServe(MetricsServerOptions options)
    {
        lock (Gate)
        {
            if (_serving is not null)
            {
                return false;
            }

            _serving = new RunningServer(MetricsServer.Start(Collector, options), ThisRunspace);
            return true;
        }
    }

    /// <summary>Stops the server; its port is free afterwards. Does nothing where there is none.</summary>
    /// <param name="onlyOwn">Whether a server that another runspace of this process has started is left alone.</param>
    public static async Task StopAsync(bool onlyOwn = false)
    {
        MetricsServer? server;
        lock (Gate)
        {
            if (onlyOwn && _serving?.Owner != ThisRunspace)
            {
                return;
            }

            server = _serving?.Server;
            _serving = null;
        }

        if (server is not null)
        {
            await server.DisposeAsync();
        }
    }

    /// <summary>Begins to push by OTLP where the environment asks for it; costs nothing where it does not.</summary>
    /// <param name="warn">Told once where the environment asks for what cannot be.</param>
    public static void StartPush(Action<string> warn)
    {
        lock (Gate)
        {
            if (_push is not null || _isPushRefused)
            {
                return;
            }

            try
            {
                _push = OtlpPush.StartIfAsked();
            }
            catch (FormatException exception)
            {
                _isPushRefused = true;
                warn(exception.Message);
            }

            if (_push is not null)
            {
                // A scheduled task is gone as soon as its script ends.
                AppDomain.CurrentDomain.ProcessExit += static (_, _) => EndPush();
            }
        }
    }

    /// <summary>Warns where measurements were lost.</summary>
    public static void WarnOfOverflow(Action<string> warn)
    {
        if (QmtlMeter.Overflow is > 0 and var lost)
        {
            warn($"{lost} measurements were lost: there are at most {QmtlMeter.SeriesLimit} streams, and series of one metric.");
        }
    }

    private static void EndPush()
    {
        if (Interlocked.Exchange(ref _push, null) is { } push && !push.End(LastPushTimeout))
        {
            // No pipeline is left to write a warning to.
            Console.Error.WriteLine($"WARNING: Qmtl's metrics could not be pushed to {push.Endpoint}.");
        }
    }

    /// <summary>A server, and the runspace in which it was started.</summary>
    private sealed record RunningServer(MetricsServer Server, Guid? Owner);
}
