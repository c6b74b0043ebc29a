using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Systemd;
using Qmtl.Keeping;

namespace Qmtl.Cli.Hosting;

/// <summary>
/// A keeper as a service: of systemd (<c>Type=notify</c>, with its watchdog and reloads), of Windows, or of nobody, at a prompt.
/// </summary>
internal sealed class KeepService : BackgroundService
{
    // What is under way is committed or dropped in far less; whatever else holds the process up does not hold it for longer.
    private static readonly TimeSpan LongestStop = TimeSpan.FromSeconds(4.5);

    // All of it, with what is closed afterwards.
    private static readonly TimeSpan LongestEnd = TimeSpan.FromSeconds(5);

    private readonly HistoryKeeper _keeper;
    private readonly Action _reload;
    private readonly ISystemdNotifier _systemd;
    private readonly CliHost _host;

    private KeepService(HistoryKeeper keeper, Action reload, ISystemdNotifier systemd, CliHost host) =>
        (_keeper, _reload, _systemd, _host) = (keeper, reload, systemd, host);

    /// <summary>Runs the keeper until the token is cancelled, or whatever manages services says so.</summary>
    /// <param name="keeper">The keeper.</param>
    /// <param name="reload">Reads the declaration again; it does not throw.</param>
    /// <param name="host">The world outside.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task RunAsync(HistoryKeeper keeper, Action reload, CliHost host, CancellationToken cancellationToken)
    {
        var systemd = new SystemdNotifier();
        using var service = new KeepService(keeper, reload, systemd, host);
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = LongestStop);
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.AddWindowsService(options => options.ServiceName = "qmtl keep");
        if (systemd.IsEnabled)
        {
            builder.Services.AddSingleton<ISystemdNotifier>(systemd);
            builder.Services.AddSingleton<IHostLifetime, SystemdLifetime>();
        }

        builder.Services.AddHostedService(_ => service);
        using IHost generic = builder.Build();
        await generic.RunAsync(cancellationToken);

        // A host that is stopped by a failure of its service ends as if nothing had been.
        await (service.ExecuteTask is { IsFaulted: true } failed ? failed : Task.CompletedTask);
    }

    /// <summary>Waits for a command that keeps; once it is told to stop, for 5 s more at most, whatever holds it up.</summary>
    /// <param name="keeping">The command, which the token ends.</param>
    /// <param name="host">The world outside.</param>
    /// <param name="cancellationToken">Tells it to stop.</param>
    /// <returns>Its exit code; <see cref="ExitCode.Cancelled"/> where it had not ended in time.</returns>
    public static async Task<int> EndInTimeAsync(Task<int> keeping, CliHost host, CancellationToken cancellationToken)
    {
        await ((Task)keeping).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            return await keeping.WaitAsync(LongestEnd, host.TimeProvider, CancellationToken.None);
        }
        catch (TimeoutException) when (!keeping.IsCompleted)
        {
            host.WriteDiagnostic(
                "warning",
                $"Something still holds it up {LongestEnd.TotalSeconds:0} s after it was told to stop, and is not waited for. What was "
                    + "under way is committed or dropped whole, and is asked for again at the next start.");
            return ExitCode.Cancelled;
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PosixSignalRegistration? hangUp = OperatingSystem.IsWindows()
            ? null
            : PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnHangUp);
        Task watched = WatchAsync(stoppingToken);
        await _keeper.RunAsync(stoppingToken);
        await watched.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void OnHangUp(PosixSignalContext context)
    {
        context.Cancel = true;
        string now = (System.Diagnostics.Stopwatch.GetTimestamp() / (System.Diagnostics.Stopwatch.Frequency / 1_000_000)).ToString(
            CultureInfo.InvariantCulture);
        _systemd.Notify(new ServiceState($"RELOADING=1\nMONOTONIC_USEC={now}"));
        _reload();
        _systemd.Notify(ServiceState.Ready);
    }

    // systemd ends and restarts a service that has not shown for a while that it works.
    private async Task WatchAsync(CancellationToken stoppingToken)
    {
        if (!_systemd.IsEnabled
            || !long.TryParse(_host.GetEnvironmentVariable("WATCHDOG_USEC"), CultureInfo.InvariantCulture, out long microseconds)
            || microseconds <= 0)
        {
            return;
        }

        using var timer = new PeriodicTimer(TimeSpan.FromMicroseconds(microseconds / 2), _host.TimeProvider);
        do
        {
            if (_keeper.WhyNotLive() is null)
            {
                _systemd.Notify(new ServiceState("WATCHDOG=1"));
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    /// <summary>Signals are the command line's matter.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
