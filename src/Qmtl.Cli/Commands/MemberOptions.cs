using System.CommandLine;
using System.Net;
using Qmtl.Cli.Hosting;
using Qmtl.Cluster;
using Qmtl.Cluster.Silo;
using Qmtl.Cluster.Silo.Keeping;
using Qmtl.Messages;

namespace Qmtl.Cli.Commands;

/// <summary>The options of a command that makes this process a member of a cluster.</summary>
internal sealed class MemberOptions
{
    private readonly CliHost _host;
    private readonly bool _isNeeded;
    private readonly ClusterOptions _cluster;

    private readonly Option<IPAddress?> _listen = new("--listen")
    {
        Description = "The address of this machine at which members and clients reach this one. Any but the default needs --certificate or "
            + "--insecure. Default: 127.0.0.1.",
        HelpName = "address",
        CustomParser = OptionParsing.Using<IPAddress?>(static text => IPAddress.TryParse(text, out IPAddress? address)
            && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any)
            ? address
            : throw new FormatException($"'{text}' is no address of this machine. Others are told it, so it must be one that they reach.")),
    };

    private readonly Option<int?> _port = new("--port")
    {
        Description = $"The port for other members; 0 for any that is free. Default: {ClusterAddress.DefaultMemberPort}.",
        HelpName = "port",
        CustomParser = OptionParsing.WholeNumber(0, IPEndPoint.MaxPort),
    };

    private readonly Option<int?> _clientPort = new("--client-port")
    {
        Description = $"The port for clients; 0 for any that is free. Default: {ClusterAddress.DefaultClientPort}.",
        HelpName = "port",
        CustomParser = OptionParsing.WholeNumber(0, IPEndPoint.MaxPort),
    };

    private readonly Option<string?> _name = new("--name")
    {
        Description = "What the member calls itself. Default: the machine's name and the process's number.",
        HelpName = "text",
    };

    private readonly Option<string[]> _strategies = new("--strategies")
    {
        Description = "A folder whose assemblies of strategies this member runs when Invoke-QmtlStrategy -Cluster asks for it; may be "
            + "given several times. Whoever may write there has it run what they like. Default: it runs none.",
        HelpName = "folder",
    };

    private readonly Option<int?> _runs = new("--runs")
    {
        Description = "How many runs of strategies this member computes at once. Default: as many as the machine has processors.",
        HelpName = "count",
        CustomParser = OptionParsing.WholeNumber(1, 1024),
    };

    private readonly Option<bool> _insecure = new("--insecure")
    {
        Description = "Listen at --listen without a certificate: whoever reaches it may give orders.",
    };

    /// <summary>Adds the options to a command; <paramref name="what"/> and <paramref name="isNeeded"/> as of the cluster's.</summary>
    public MemberOptions(Command command, CliHost host, string what, bool isNeeded)
    {
        (_host, _isNeeded) = (host, isNeeded);
        _cluster = new ClusterOptions(command, host, what, isNeeded);
        command.Options.Add(_listen);
        command.Options.Add(_port);
        command.Options.Add(_clientPort);
        command.Options.Add(_name);
        command.Options.Add(_strategies);
        command.Options.Add(_runs);
        command.Options.Add(_insecure);
    }

    /// <summary>The cluster that the arguments name; null where they name none and none is needed.</summary>
    /// <exception cref="UsageException">It is needed and none is named, or the text is none.</exception>
    public ClusterAddress? Find(ParseResult arguments)
    {
        ClusterAddress? address = _cluster.Find(arguments);
        Option[] ofMembers = [_listen, _port, _clientPort, _name, _strategies, _runs, _insecure];
        return address is null && ofMembers.FirstOrDefault(option => arguments.GetResult(option) is { Implicit: false }) is { } given
            ? throw new UsageException($"{given.Name} belongs to --cluster. Name one.")
            : address;
    }

    /// <summary>Makes this process a member, and says so; null where no cluster is named and none is needed.</summary>
    /// <param name="arguments">What was given.</param>
    /// <param name="parts">What it can open by name.</param>
    /// <param name="kept">What it keeps a share of; null for nothing.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="UsageException">The options do not go together.</exception>
    /// <exception cref="ClusterException">The database or a port cannot be had.</exception>
    public async Task<ClusterMemberHost?> StartAsync(
        ParseResult arguments, MemberParts parts, KeptShare? kept, CancellationToken cancellationToken)
    {
        if (Find(arguments) is not { } address)
        {
            return null;
        }

        try
        {
            var options = new ClusterMemberOptions
            {
                Address = address,
                Certificate = _cluster.ReadCertificate(arguments),
                Name = arguments.GetValue(_name),
                Listen = arguments.GetValue(_listen) ?? IPAddress.Loopback,
                MemberPort = arguments.GetValue(_port) ?? ClusterAddress.DefaultMemberPort,
                ClientPort = arguments.GetValue(_clientPort) ?? ClusterAddress.DefaultClientPort,
                StrategyFolders = [.. (arguments.GetValue(_strategies) ?? []).Select(Path.GetFullPath)],
                RunsAtOnce = arguments.GetValue(_runs) ?? Environment.ProcessorCount,
                AllowPlain = arguments.GetValue(_insecure),
            };
            ClusterMemberHost member = await ClusterMemberHost.StartAsync(
                options, parts, kept, _host.TimeProvider, _host.Log, cancellationToken);
            string text = PlainText.OneLine(
                $"Member {member.Name} of {options.Address} at {member.MemberEndPoint}, for clients at {member.ClientEndPoint}.");
            if (_isNeeded)
            {
                _host.Console.Profile.Out.Writer.WriteLine(text);
            }
            else
            {
                // The output is that of the command.
                _host.WriteDiagnostic("note", text);
            }

            return member;
        }
        catch (ArgumentException exception)
        {
            throw UsageException.From(exception);
        }
    }
}
