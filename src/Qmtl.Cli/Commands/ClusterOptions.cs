using System.CommandLine;
using Qmtl.Cli.Hosting;
using Qmtl.Cluster;

namespace Qmtl.Cli.Commands;

/// <summary>The options that say which cluster: <c>--cluster</c> and <c>--certificate</c>.</summary>
internal sealed class ClusterOptions
{
    private const string ClusterVariable = "QMTL_CLUSTER";

    private readonly CliHost _host;
    private readonly bool _isNeeded;

    private readonly Option<string?> _cluster;

    private readonly Option<string?> _certificate = new("--certificate")
    {
        Description = "A file of PEM with the certificate and key that all of the cluster have. Who has another one, or none, is not "
            + "talked to.",
        HelpName = "file",
    };

    /// <summary>Adds the options to a command.</summary>
    /// <param name="command">The command.</param>
    /// <param name="host">The world outside.</param>
    /// <param name="what">What a cluster is for here.</param>
    /// <param name="isNeeded">Whether the command is nothing without one; only then does the environment name it, too.</param>
    public ClusterOptions(Command command, CliHost host, string what, bool isNeeded)
    {
        (_host, _isNeeded) = (host, isNeeded);
        _cluster = new Option<string?>("--cluster")
        {
            Description = $"{what} postgresql://user@host:port/db, the database that its members are listed in (PGPASSWORD has the "
                + "password); a member's host:port; or localhost, the cluster of this machine without a database."
                + (isNeeded ? $" Default: the environment variable {ClusterVariable}." : string.Empty),
            HelpName = "address",
        };
        command.Options.Add(_cluster);
        command.Options.Add(_certificate);
    }

    /// <summary>The cluster that the arguments name; null where they name none and none is needed.</summary>
    /// <exception cref="UsageException">It is needed and none is named, or the text is none.</exception>
    public ClusterAddress? Find(ParseResult arguments)
    {
        string? text = arguments.GetValue(_cluster) ?? (_isNeeded ? _host.GetEnvironmentVariable(ClusterVariable) : null);
        if (text is null && !_isNeeded)
        {
            return arguments.GetValue(_certificate) is null ? null : throw new UsageException(
                "--certificate belongs to --cluster. Name one.");
        }

        try
        {
            return ClusterAddress.Parse(text ?? string.Empty);
        }
        catch (ArgumentException exception)
        {
            throw new UsageException($"--cluster: {UsageException.From(exception).Message}", exception);
        }
    }

    /// <summary>The certificate of the cluster; null for none.</summary>
    /// <exception cref="UsageException">It cannot be read.</exception>
    public ClusterCertificate? ReadCertificate(ParseResult arguments)
    {
        try
        {
            return arguments.GetValue(_certificate) is { } path ? ClusterCertificate.Load(path) : null;
        }
        catch (ArgumentException exception)
        {
            throw UsageException.From(exception);
        }
    }

    /// <summary>Connects to the cluster that the arguments name; null where they name none and none is needed.</summary>
    /// <exception cref="UsageException">As <see cref="Find"/>.</exception>
    /// <exception cref="ClusterException">No member answers.</exception>
    public async Task<ClusterClient?> ConnectAsync(ParseResult arguments, CancellationToken cancellationToken) =>
        Find(arguments) is { } address ? await ClusterClient.ConnectAsync(address, ReadCertificate(arguments), cancellationToken) : null;
}
