using System.CommandLine;
using Qmtl.Cli.Hosting;
using Qmtl.Cli.Rendering;
using Qmtl.Data;
using Qmtl.History;
using Qmtl.Time;

namespace Qmtl.Cli.Commands;

/// <summary><c>qmtl coverage</c>: what a store holds.</summary>
internal sealed class CoverageCommand : CliCommand
{
    private readonly StoreOptions _store;
    private readonly StreamOptions _streams;
    private readonly Option<bool> _json;

    public CoverageCommand(CliHost host)
        : base("coverage", "Shows what a store holds: every stream, from its first bar to its last, and the holes between.", host)
    {
        _store = new StoreOptions(this, host);
        _streams = new StreamOptions(this, host);
        _json = JsonOption.AddTo(this, "a range without a hole");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Examples =>
    [
        "qmtl coverage --store bars.db",
        "qmtl coverage --store bars.db --node BTC* --exclude *BUSD --interval 1m --json",
        "qmtl coverage --store postgresql://reader@db.example:5432/market --password-file /run/secrets/db",
    ];

    /// <inheritdoc/>
    protected override async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        await using IHistoryStore store = _store.OpenExisting(arguments);
        IReadOnlyList<StreamKey> streams = await _streams.FindAsync(arguments, store, makes: false, cancellationToken);
        if (arguments.GetValue(_json))
        {
            var lines = new JsonLines(Host.Output);
            foreach (StreamKey stream in streams)
            {
                foreach (TimeRange range in await store.GetCoverageAsync(stream, cancellationToken: cancellationToken))
                {
                    await lines.WriteRangeAsync(stream, range, cancellationToken, store.Info.TableOf(stream.NodeId));
                }
            }

            return ExitCode.Complete;
        }

        var report = new CoverageReport(Host);
        foreach (StreamKey stream in streams)
        {
            TimeRangeSet stored = await store.GetCoverageAsync(stream, cancellationToken: cancellationToken);
            report.Add(
                stream,
                stored,
                await store.GetKnownEmptyAsync(stream, source: null, cancellationToken: cancellationToken),
                table: store.Info.TableOf(stream.NodeId));
        }

        report.Write($"No such stream is in {store.Info.DisplayName}.");
        return ExitCode.Complete;
    }
}
