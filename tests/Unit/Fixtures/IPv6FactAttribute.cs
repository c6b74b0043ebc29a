using System.Net;
using System.Net.Sockets;

namespace Qmtl.Unit.Fixtures;

/// <summary>A test that needs the loopback address of IPv6; skipped with the reason where this machine has none.</summary>
public sealed class IPv6FactAttribute : FactAttribute
{
    private static readonly string? Reason = FindReason();

    /// <summary>Skips where needed.</summary>
    public IPv6FactAttribute() => Skip = Reason;

    // A kernel that knows IPv6 may still have been told to give no interface an address.
    private static string? FindReason()
    {
        try
        {
            using var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
            return null;
        }
        catch (SocketException)
        {
            return "needs the address ::1, which this machine does not have";
        }
    }
}
