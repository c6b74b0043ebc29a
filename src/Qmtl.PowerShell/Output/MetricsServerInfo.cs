using Qmtl.Metrics.Serving;

namespace Qmtl.PowerShell.Output;

/// <summary>Where metrics are served.</summary>
public sealed class MetricsServerInfo
{
    internal MetricsServerInfo(MetricsServer server)
    {
        Address = server.EndPoint.Address.ToString();
        Port = server.EndPoint.Port;
        Uri = server.Uri;
    }

    /// <summary>The address it listens on.</summary>
    public string Address { get; }

    /// <summary>The port.</summary>
    public int Port { get; }

    /// <summary>What to scrape.</summary>
    public Uri Uri { get; }
}
