using System.Diagnostics;
using System.Globalization;
using Qmtl.Cluster;
using Qmtl.Simulation.Markets;
using Qmtl.Time;
using Qmtl.Unit.Cluster;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.EndToEnd;

/// <summary>
/// The proof of a cluster: three processes in networks of their own fill streams from the simulated exchange into PostgreSQL, and keep
/// others. Meanwhile processes are killed and replaced, the network of one is cut, and PostgreSQL is restarted.
/// </summary>
/// <param name="networks">Where the processes live; this one is in the hub.</param>
/// <param name="streams">How many streams are filled.</param>
/// <param name="bars">How many minutes each has.</param>
/// <param name="kept">How many streams are kept besides.</param>
/// <param name="output">Told of what happens.</param>
internal sealed class ClusterProof(NetworkNamespaces networks, int streams, int bars, int kept, TextWriter output)
{
    /// <summary>What the process in the hub is told first.</summary>
    public const string Inside = "proof-inside";

    private const int Networks = 3;
    private const int BarsOfPage = 1000;

    // Small runs end before a second process could be killed.
    private const int LeastStreamsForAll = 100;

    // A stream that only moves, because a process has come, is there again sooner.
    private static readonly TimeSpan Moving = TimeSpan.FromSeconds(2);

    // What the issue allows.
    private static readonly TimeSpan LongestWithoutOwner = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestFill = TimeSpan.FromMinutes(30);

    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly List<QmtlProcess> _members = [];
    private readonly OwnersLog _owners = new();

    private bool IsSmall => streams < LeastStreamsForAll;

    /// <summary>Makes the networks, runs the proof in the hub, and removes them.</summary>
    /// <returns>0 where all was as it should be.</returns>
    public static async Task<int> RunInNetworksAsync(int streams, int bars, int kept, TextWriter output)
    {
        var networks = new NetworkNamespaces($"qmtl{Environment.ProcessId}");
        try
        {
            networks.Make(Networks);
            string[] sizes = [.. new[] { streams, bars, kept }.Select(static size => size.ToString(CultureInfo.InvariantCulture))];
            var start = new ProcessStartInfo(
                "ip",
                ["netns", "exec", networks.Hub, "dotnet", typeof(ClusterProof).Assembly.Location, Inside, networks.Prefix, .. sizes])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using Process inside = Process.Start(start)!;
            Task<string> errors = inside.StandardError.ReadToEndAsync();
            while (await inside.StandardOutput.ReadLineAsync() is { } line)
            {
                await output.WriteLineAsync(line);
            }

            await inside.WaitForExitAsync();
            await output.WriteAsync(await errors);
            return inside.ExitCode;
        }
        finally
        {
            networks.Remove(Networks);
        }
    }

    /// <summary>Runs it, in the hub.</summary>
    /// <exception cref="Xunit.Sdk.XunitException">Something was not as it should be.</exception>
    public async Task RunAsync()
    {
        await using var server = new PrivatePostgreSql(address: NetworkNamespaces.HubAddress);
        await server.CreateAsync();
        string cluster = server.UriOf(await server.CreateDatabaseAsync());
        string store = server.UriOf(await server.CreateDatabaseAsync());
        GeneratedMarket[] markets = Markets("COIN", streams);
        GeneratedMarket[] others = Markets("KEPT", kept);
        TimeRange range = ClusterFixture.Minutes(bars);
        await using MembersExchanges exchanges = MembersExchanges.Start(
            5, markets, others, store, range, TimeSpan.FromMilliseconds(IsSmall ? 1000 : 20), NetworkNamespaces.HubAddress);
        using var folder = new TemporaryFolder();
        try
        {
            Enumerable.Range(0, Networks).ToList().ForEach(network => StartMember(network));
            await using (ClusterClient client = await ClusterFixture.ConnectAsync(cluster))
            {
                await ClusterFixture.WaitUntilAsync(async () =>
                    (await client.GetMembersAsync()).Sum(static member => member.Kept ?? 0) == kept);
            }

            int pages = streams * ((bars + BarsOfPage - 1) / BarsOfPage);
            Tell($"{Networks} processes keep {kept} streams; {streams} of {bars} minutes are filled, which takes {pages} requests");
            using QmtlProcess filling = QmtlProcess.Start(
            [
                "backfill", "--cluster", cluster, "--store", store, "--base-uri", exchanges.Uri,
                .. markets.SelectMany(static market => new[] { "--node", market.Symbol }), "--interval", "1m",
                "--start", UnixTime.Format(range.Start), "--end", UnixTime.Format(range.End), "--max-retries", "10", "--json",
            ]);
            await WaitForPagesAsync(0.15);
            await KillAsync(0);
            StartMember(0);
            if (!IsSmall)
            {
                await WaitForPagesAsync(0.35);
                await KillAsync(1);
                StartMember(1);
            }

            await WaitForPagesAsync(0.55);
            networks.SetCable(2, isIn: false);
            await LoseAsync(2, "the network of process 2 is cut");
            await WaitForPagesAsync(0.8);
            Tell("PostgreSQL is restarted");
            await server.StopAsync();
            await server.StartAsync();
            (int exitCode, string results, string errors) = await filling.WaitAsync(LongestFill);
            DateTimeOffset end = DateTimeOffset.UtcNow;
            Tell("all is filled");

            Assert.True(exitCode == 0, errors + results);
            Assert.Equal(streams, results.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
            foreach (GeneratedMarket market in markets)
            {
                await StoredHistory.AssertCompleteAsync(store, ClusterFixture.StreamOf(market), market, range);
            }

            Tell("every bar of every stream is stored and equals the market's");
            int again = exchanges.AssertAskedOnce();
            Tell($"{again} of {pages} pages were asked for again: what a lost process had asked for and not committed, and nothing else");
            await CloseAsync();
            IReadOnlyList<(string Stream, TimeSpan Longest, TimeSpan At)> gaps = _owners.FindGaps(end);
            Assert.Equal(kept, gaps.Count);
            Tell($"of {kept} kept streams {gaps.Count(static gap => gap.Longest > Moving)} were without an owner for more than "
                + $"{Moving.TotalSeconds:0} s at some time, none for longer than {gaps.Max(static gap => gap.Longest).TotalSeconds:0.0} s");
            Assert.InRange(gaps.Max(static gap => gap.Longest), TimeSpan.Zero, LongestWithoutOwner);
        }
        catch
        {
            await KeepLogsAsync();
            throw;
        }
        finally
        {
            _members.ForEach(static member => member.Dispose());
        }

        void StartMember(int network)
        {
            string name = $"process {_members.Count}";
            _members.Add(QmtlProcess.Start(
                new Dictionary<string, string> { ["PGPASSWORD"] = PrivatePostgreSql.Password },
                [
                    "keep", "--config",
                    folder.Write(
                        exchanges.DeclarationOf(
                            _members.Count, PrivatePostgreSql.WithoutPassword(store), others.Select(static market => market.Symbol)),
                        ".json"),
                    "--cluster", cluster, "--listen", NetworkNamespaces.AddressOf(network).ToString(), "--insecure", "--name", name,
                    "--log-level", "debug", "--log-format", "json",
                ],
                networks.Of(network)));
            Tell($"{name} starts");
        }

        async Task KillAsync(int member)
        {
            _members[member].Kill();
            await LoseAsync(member, $"kill -9 of process {member}");
        }

        async Task LoseAsync(int member, string what)
        {
            _owners.Lose(member, DateTimeOffset.UtcNow);
            Tell(what);
            await exchanges.LoseAsync(member);
        }

        async Task WaitForPagesAsync(double share)
        {
            long wanted = (long)(share * streams * bars / BarsOfPage);
            while (exchanges.RequestCount < wanted)
            {
                await Task.Delay(10);
            }
        }

        // The one that was cut off has to end by itself when it is reached again.
        async Task CloseAsync()
        {
            networks.SetCable(2, isIn: true);
            (int code, _, string log) = await _members[2].WaitAsync();
            Assert.NotEqual(0, code);
            _owners.Read(2, log);
            Tell("process 2, which was cut off, has its network again and ended by itself");
            for (int member = 0; member < _members.Count; member++)
            {
                if (member != 2)
                {
                    _members[member].Kill();
                    _owners.Read(member, (await _members[member].WaitAsync()).Error);
                }
            }
        }
    }

    private static GeneratedMarket[] Markets(string name, int count) =>
        [.. Enumerable.Range(0, count).Select(number => new GeneratedMarket($"{name}{number:000}"))];

    // Of a proof that failed somebody wants to know why.
    private async Task KeepLogsAsync()
    {
        string kept = Directory.CreateTempSubdirectory("qmtl-proof-").FullName;
        for (int member = 0; member < _members.Count; member++)
        {
            _members[member].Kill();
            await File.WriteAllTextAsync(Path.Combine(kept, $"process {member}.log"), (await _members[member].WaitAsync()).Error);
        }

        Tell($"it failed; the logs of the processes are in {kept}");
    }

    private void Tell(string what)
    {
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(_started).TotalSeconds,7:0.0} s  {what}"));
        output.Flush();
    }
}
