using System.CommandLine;
using System.Net;
using Qmtl.Cli.Hosting;
using Qmtl.Messages;
using Qmtl.Metrics.Export;
using Qmtl.Metrics.Serving;

namespace Qmtl.Cli.Commands;

/// <summary>
/// The options that let others watch a command: <c>--metrics-port</c>, <c>--metrics-address</c>, <c>--metrics-file</c> and
/// <c>--metrics-label</c>; and OpenTelemetry's variables.
/// </summary>
internal sealed class MetricsOptions
{
    private readonly Option<int?> _port = new("--metrics-port")
    {
        Description = "Serve metrics for Prometheus at http://127.0.0.1:<port>/metrics while the command runs; 0 takes any free port.",
        HelpName = "port",
        CustomParser = OptionParsing.WholeNumber(IPEndPoint.MinPort, IPEndPoint.MaxPort),
    };

    private readonly Option<IPAddress?> _address = new("--metrics-address")
    {
        Description = "The address of --metrics-port. Default: 127.0.0.1, this machine alone; there is no password.",
        HelpName = "address",
        CustomParser = OptionParsing.Using<IPAddress?>(MetricsServerOptions.ParseAddress),
    };

    private readonly Option<string?> _file = new("--metrics-file")
    {
        Description = "Write metrics at the end to a .prom file, for node_exporter's textfile collector.",
        HelpName = "path",
    };

    private readonly Option<KeyValuePair<string, string>[]> _labels = new("--metrics-label")
    {
        Description =
            "A label for every series of --metrics-file, for example task=nightly; may be repeated. Tasks that share a node_exporter need "
                + "different ones.",
        HelpName = "name=value",
        CustomParser = result => [.. result.Tokens.Select(token => ParseLabel(token.Value, result.AddError))],
    };

    public MetricsOptions(Command command)
    {
        command.Options.Add(_port);
        command.Options.Add(_address);
        command.Options.Add(_file);
        command.Options.Add(_labels);
        command.Validators.Add(result =>
        {
            if (result.GetResult(_address) is not null && result.GetResult(_port) is null)
            {
                result.AddError("--metrics-address needs --metrics-port.");
            }

            if (result.GetResult(_labels) is not null && result.GetResult(_file) is null)
            {
                result.AddError("--metrics-label needs --metrics-file.");
            }
        });
    }

    /// <summary>Begins to measure as the arguments and the environment say. The caller ends it.</summary>
    /// <param name="arguments">The arguments.</param>
    /// <param name="host">The world outside.</param>
    /// <param name="server">How it is served where the arguments do not say it.</param>
    /// <param name="serves">Whether it is served where the arguments do not say it.</param>
    /// <exception cref="UsageException">A file or the environment is not fit for it.</exception>
    /// <exception cref="IOException">The port cannot be had.</exception>
    public MetricsRun Start(ParseResult arguments, CliHost host, MetricsServerOptions? server = null, bool serves = false)
    {
        string? file = arguments.GetValue(_file);
        try
        {
            if (file is not null)
            {
                MetricsFile.Validate(file);
            }

            ConstantLabels labels = ConstantLabels.Create(arguments.GetValue(_labels) ?? []);
            OtlpPush? push = OtlpPush.StartIfAsked(host.GetEnvironmentVariable);
            var run = new MetricsRun(host, file, labels, push);
            if (arguments.GetValue(_port) is { } port)
            {
                serves = true;
                server = (server ?? new MetricsServerOptions()) with
                {
                    Port = port,
                    Address = arguments.GetValue(_address) ?? IPAddress.Loopback,
                };
            }

            if (serves)
            {
                run.Serve(server!);
            }

            return run;
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException)
        {
            throw new UsageException(PlainMessage.Of(exception), exception);
        }
    }

    private static KeyValuePair<string, string> ParseLabel(string text, Action<string> addError)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0)
        {
            addError($"--metrics-label: '{text}' is no label. Write name=value, for example task=nightly.");
            return default;
        }

        return KeyValuePair.Create(text[..equals], text[(equals + 1)..]);
    }
}
