using System.Net;
using System.Net.Sockets;

namespace Qmtl.Unit.Fixtures;

/// <summary>
/// A port for a server that cannot choose one by itself, which nobody else is given until this is disposed of: neither while the server
/// starts, nor while it is down in the midst of a test. Nobody is reached there but the server.
/// </summary>
internal sealed class HeldPort : IDisposable
{
    private readonly Socket _holder;

    /// <summary>Takes a port.</summary>
    /// <param name="address">Whose; null for 127.0.0.1.</param>
    public HeldPort(IPAddress? address = null)
    {
        address ??= IPAddress.Loopback;
        _holder = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _holder.Bind(new IPEndPoint(address, 0));
        Number = ((IPEndPoint)_holder.LocalEndPoint!).Port;

        // On Linux a server may listen where a socket is bound that does not, as both reuse addresses; elsewhere the port must be free.
        if (!OperatingSystem.IsLinux())
        {
            _holder.Dispose();
        }
    }

    /// <summary>Its number.</summary>
    public int Number { get; }

    public void Dispose() => _holder.Dispose();
}
