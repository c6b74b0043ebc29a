using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Orleans.Configuration;
using Orleans.Metadata;
using Qmtl.Cluster.Silo.Keeping;

namespace Qmtl.Cluster.Silo;

/// <summary>
/// A member of a cluster in this process. Who is a member, who lives and who does what is Orleans' matter; the list of members is in
/// PostgreSQL, or, on one machine, in the memory of the first member.
/// </summary>
public sealed class ClusterMemberHost : IAsyncDisposable
{
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(4);

    // A stream that nobody asks about needs no place.
    private static readonly TimeSpan IdleTime = TimeSpan.FromMinutes(2);

    private readonly IHost _host;
    private readonly NpgsqlDataSource? _database;

    private ClusterMemberHost(IHost host, NpgsqlDataSource? database, string name, IPEndPoint memberEndPoint, IPEndPoint clientEndPoint) =>
        (_host, _database, Name, MemberEndPoint, ClientEndPoint) = (host, database, name, memberEndPoint, clientEndPoint);

    /// <summary>What the member calls itself.</summary>
    public string Name { get; }

    /// <summary>Where other members reach it.</summary>
    public IPEndPoint MemberEndPoint { get; }

    /// <summary>Where clients reach it.</summary>
    public IPEndPoint ClientEndPoint { get; }

    /// <summary>Ends when the member has ended: it was told to, or the others took it for gone.</summary>
    public Task Ended => _host.WaitForShutdownAsync();

    /// <summary>Starts a member.</summary>
    /// <param name="options">How it takes part.</param>
    /// <param name="parts">What it can open by name. It is not closed with the member.</param>
    /// <param name="kept">What it keeps a share of; null for a member that only does what it is asked for.</param>
    /// <param name="timeProvider">The clock of its engines; null for the system's.</param>
    /// <param name="loggerFactory">Makes its loggers; null for none.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="ArgumentException">The options do not go together.</exception>
    /// <exception cref="ClusterException">The database or a port cannot be had.</exception>
    public static async Task<ClusterMemberHost> StartAsync(
        ClusterMemberOptions options,
        MemberParts parts,
        KeptShare? kept = null,
        TimeProvider? timeProvider = null,
        ILoggerFactory? loggerFactory = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(parts);
        options.Validate();
        var memberEndPoint = new IPEndPoint(options.Listen, PortOf(options.Listen, options.MemberPort, "--port"));
        var clientEndPoint = new IPEndPoint(options.Listen, PortOf(options.Listen, options.ClientPort, "--client-port"));
        string name = options.Name ?? $"{Environment.MachineName}-{Environment.ProcessId}";
        NpgsqlDataSource? database = options.Address.Database is { } connection
            ? new NpgsqlDataSourceBuilder(connection.ConnectionString).Build()
            : null;
        IHost? host = null;
        try
        {
            if (database is not null)
            {
                await MembershipTables.MakeAsync(database, options.Address, cancellationToken);
            }

            host = CreateHost(options, name, memberEndPoint, clientEndPoint, database, services => AddKept(services, kept)
                .AddSingleton(timeProvider ?? TimeProvider.System)
                .AddSingleton<StreamPieces>()
                .AddSingleton(options)
                .AddHostedService<MembershipLog>()
                .AddSingleton(own => new MemberWork(
                    parts,
                    own.GetRequiredService<IGrainFactory>(),
                    own.GetRequiredService<TimeProvider>(),
                    loggerFactory ?? own.GetRequiredService<ILoggerFactory>()))
                .AddSingleton(own => new SweepWork(
                    parts,
                    new StrategyFolders(options.StrategyFolders),
                    options.RunsAtOnce,
                    name,
                    loggerFactory ?? own.GetRequiredService<ILoggerFactory>()))
                .AddLogging(logging => AddLog(logging, loggerFactory)));
            await host.StartAsync(cancellationToken);
            return new ClusterMemberHost(host, database, name, memberEndPoint, clientEndPoint);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            host?.Dispose();
            await (database?.DisposeAsync() ?? ValueTask.CompletedTask);
            cancellationToken.ThrowIfCancellationRequested();
            throw error as ClusterException ?? new ClusterException(
                $"The member could not join the cluster {options.Address} ({error.GetType().Name}). The log tells more.", error);
        }
    }

    /// <summary>Leaves the cluster: what it has in hand is cancelled, and its streams go on elsewhere.</summary>
    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(StopPatience);
        try
        {
            await _host.StopAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            // The others will find out.
        }

        _host.Dispose();
        await (_database?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    private static IHost CreateHost(
        ClusterMemberOptions options,
        string name,
        IPEndPoint memberEndPoint,
        IPEndPoint clientEndPoint,
        NpgsqlDataSource? database,
        Action<IServiceCollection> configure) => new HostBuilder()
        .UseOrleans(silo =>
        {
            if (database is null)
            {
                // Who comes first has the list of members; it is looked for at the port that a member has where nobody says otherwise.
                var first = new IPEndPoint(IPAddress.Loopback, ClusterAddress.DefaultMemberPort);
                silo.UseDevelopmentClustering(memberEndPoint.Port == first.Port || IsFree(first) ? memberEndPoint : first);
            }
            else
            {
                silo.UseAdoNetClustering(adoNet => (adoNet.Invariant, adoNet.DataSource) = ("Npgsql", database));
            }

            silo.Configure<ClusterOptions>(static cluster =>
                (cluster.ClusterId, cluster.ServiceId) = (ClusterAddress.ClusterId, ClusterAddress.ClusterId));
            silo.Configure<SiloOptions>(own => own.SiloName = name);
            silo.Configure<EndpointOptions>(ends =>
            {
                ends.AdvertisedIPAddress = options.Listen;
                (ends.SiloPort, ends.GatewayPort) = (memberEndPoint.Port, clientEndPoint.Port);
                (ends.SiloListeningEndpoint, ends.GatewayListeningEndpoint) = (memberEndPoint, clientEndPoint);
            });
            silo.Configure<ClusterMembershipOptions>(membership =>
            {
                membership.ProbeTimeout = options.ProbeInterval;
                membership.TableRefreshTimeout = TimeSpan.FromSeconds(10);

                // Three times that is how long a connection counts for alive that nothing comes from: so long a member whose network was
                // cut, and whose connections nobody closes, is believed in.
                membership.MaxProbeTimeout = 2 * options.ProbeInterval;

                // Who has not said three times that it lives has no voice in who is gone. So one member of three, whose two others died
                // together, is alone for a quarter of a minute and no longer.
                membership.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(5);
            });

            // The usual directory of grains is forgotten with the member that has it: the work of others that is listed there would be
            // stopped when it dies. This one is put together again from what lives.
#pragma warning disable ORLEANSEXP003 // It is called experimental: its interface may change, as the package's version may not here.
            silo.AddDistributedGrainDirectory();
#pragma warning restore ORLEANSEXP003

            // It would give a dead member's grains no new place for a while, lest they live twice. The store's claims see to that.
            silo.Configure<GrainDirectoryOptions>(static directory => directory.RangeLeaseDuration = TimeSpan.Zero);
            silo.Configure<SiloMessagingOptions>(static messaging => messaging.ResponseTimeout = ClusterClient.ResponseTimeout);
            silo.Configure<GrainCollectionOptions>(static collection => collection.CollectionAge = IdleTime);
            silo.Services.AddPlacementDirector<SpreadPlacement, SpreadDirector>();
            if (options.Certificate is { } certificate)
            {
                silo.UseTls(certificate.Apply);
            }
        })
        .ConfigureServices(configure)

        // Signals are the program's matter, not the host's.
        .ConfigureServices(static services => services.AddSingleton<IHostLifetime, NoLifetime>())
        .Build();

    private static IServiceCollection AddKept(IServiceCollection services, KeptShare? kept)
    {
        // Every member has to know how such streams are placed: it may be asked for one, or hold its entry in the list of places.
        services.AddSingleton<KeepingMembers>();
        services.AddPlacementDirector<KeptPlacement, KeptDirector>();
        return kept is null
            ? services
            : services
                .AddSingleton(kept)
                .AddSingleton<IGrainPropertiesProvider, KeepingMembers.Sign>()
                .AddHostedService<KeptTouches>();
    }

    private static void AddLog(ILoggingBuilder logging, ILoggerFactory? loggerFactory)
    {
        logging.ClearProviders();
        logging.SetMinimumLevel(loggerFactory is null ? LogLevel.None : LogLevel.Warning);
        if (loggerFactory is not null)
        {
            // Orleans warns of much that is no matter for an operator; who is there and who is gone is.
            logging.AddFilter("Orleans", LogLevel.Error);
            logging.AddFilter("Orleans.Runtime.MembershipService", LogLevel.Warning);
            logging.AddFilter("Qmtl", LogLevel.Trace);
            logging.AddProvider(new ForwardedLog(loggerFactory));
        }
    }

    private static bool IsFree(IPEndPoint endPoint) => TryListen(endPoint) is not null;

    private static int PortOf(IPAddress address, int port, string option) => TryListen(new IPEndPoint(address, port))
        ?? throw new ClusterException(
            $"The port {port} of {address} is taken, or the address is not this machine's. Choose another one ({option}; 0 for any).");

    private static int? TryListen(IPEndPoint endPoint)
    {
        try
        {
            using var listener = new TcpListener(endPoint);
            listener.Start();
            return ((IPEndPoint)listener.LocalEndpoint).Port;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    // The factory is the program's, which also closes it.
    private sealed class ForwardedLog(ILoggerFactory loggerFactory) : ILoggerProvider
    {
        public ILogger CreateLogger(string categoryName) => loggerFactory.CreateLogger(categoryName);

        public void Dispose()
        {
        }
    }
}
