using System.CommandLine;
using System.Globalization;
using Qmtl.Cli.Hosting;
using Qmtl.Cli.Rendering;
using Qmtl.Cluster;
using Qmtl.Time;

namespace Qmtl.Cli.Commands;

/// <summary><c>qmtl members</c>: who is in a cluster.</summary>
internal sealed class MembersCommand : CliCommand
{
    private readonly ClusterOptions _cluster;
    private readonly Option<bool> _json;

    public MembersCommand(CliHost host)
        : base("members", "Shows the members of a cluster: name, address, state, since when, how many streams each keeps, "
            + "and how many streams, pieces of streams and runs of strategies each has at hand or had in the last minutes.", host)
    {
        _cluster = new ClusterOptions(this, host, "Which cluster:", isNeeded: true);
        _json = JsonOption.AddTo(this, "a member");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Examples =>
    [
        "qmtl members --cluster postgresql://qmtl@db.example/cluster",
        "qmtl members --cluster localhost --json | jq 'select(.state == \"active\") | .streams'",
    ];

    /// <inheritdoc/>
    protected override async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        await using ClusterClient client = (await _cluster.ConnectAsync(arguments, cancellationToken))!;
        IReadOnlyList<ClusterMember> members = await client.GetMembersAsync();
        if (arguments.GetValue(_json))
        {
            var lines = new JsonLines(Host.Output);
            foreach (ClusterMember member in members)
            {
                await lines.WriteMemberAsync(member, cancellationToken);
            }

            return ExitCode.Complete;
        }

        ReportTable table = new ReportTable(Host)
            .WithTexts("Name", "Address", "State", "Since")
            .WithNumbers("Kept", "Streams", "Pieces", "Runs");
        foreach (ClusterMember member in members)
        {
            table.AddRow(
                member.Name,
                member.Address,
                member.State,
                UnixTime.Format(member.Since.ToUnixTimeSeconds()),
                Written(member.Kept),
                Written(member.Streams),
                Written(member.Pieces),
                Written(member.Runs));
        }

        table.Write();
        return ExitCode.Complete;
    }

    private static string Written(int? count) => count?.ToString(CultureInfo.InvariantCulture) ?? string.Empty;
}
