using System.CommandLine;
using Qmtl.Cli.Hosting;
using Qmtl.Cluster;
using Qmtl.Cluster.Silo;
using Qmtl.Fetching;
using Qmtl.History;

namespace Qmtl.Cli.Commands;

/// <summary><c>qmtl join</c>: a member of a cluster, which does its share of what is handed to it.</summary>
internal sealed class JoinCommand : CliCommand
{
    private readonly MemberOptions _member;
    private readonly StoreOptions _store;
    private readonly SourceOptions _source;
    private readonly MetricsOptions _metrics;

    private readonly Option<KeyLimit?> _keyLimit = new("--key-limit")
    {
        Description = "How many requests a time --source allows its key, whichever machines they come from, as 1200/1m; all members "
            + "together keep to it. Default: the source's limits are taken to count by address, and each member keeps to them by itself.",
        HelpName = "count/time",
        CustomParser = OptionParsing.Using<KeyLimit?>(KeyLimit.Parse),
    };

    public JoinCommand(CliHost host)
        : base(
            "join",
            "Makes this machine a member of a cluster: it fills --store from --source when qmtl backfill --cluster asks for it.",
            host)
    {
        _store = new StoreOptions(this, host);
        _source = new SourceOptions(this);
        Options.Add(_keyLimit);
        _member = new MemberOptions(this, host, "Which cluster:", isNeeded: true);
        _metrics = new MetricsOptions(this);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Examples =>
    [
        "qmtl join --cluster postgresql://qmtl@db.example/cluster --store postgresql://writer@db.example/market",
        "qmtl join --cluster postgresql://qmtl@db.example/cluster --store postgresql://writer@db.example/market --listen 10.0.0.5 "
            + "--certificate qmtl.pem",
        "qmtl join --cluster localhost --store bars.db",
        "qmtl join --cluster localhost --store bars.db --strategies ./strategies --runs 4",
    ];

    /// <inheritdoc/>
    protected override async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        IDataFetcher source = _source.CreateFetcher(arguments);
        await using MetricsRun measured = _metrics.Start(arguments, Host);
        await using IHistoryStore store = _store.Open(arguments);
        var parts = new MemberParts([store], [new MemberSource(source) { KeyLimit = arguments.GetValue(_keyLimit) }]);
        await using ClusterMemberHost member = (await _member.StartAsync(arguments, parts, kept: null, cancellationToken))!;
        await Task.WhenAny(member.Ended, Task.Delay(Timeout.Infinite, cancellationToken));
        return cancellationToken.IsCancellationRequested ? ExitCode.Complete : throw new ClusterException(
            "The member has ended: the others took it for gone. Start it again; what it had goes on elsewhere.");
    }
}
