using System.Diagnostics;
using System.Net;

namespace Qmtl.Unit.EndToEnd;

/// <summary>
/// Networks of Linux that nothing outside reaches: a hub with a bridge, and members that each have an address of their own behind it, whose
/// cable can be pulled.
/// </summary>
internal sealed class NetworkNamespaces(string prefix)
{
    private const string Bridge = "br0";

    /// <summary>What all names begin with.</summary>
    public string Prefix { get; } = prefix;

    /// <summary>The network that has the bridge.</summary>
    public string Hub => $"{Prefix}-hub";

    /// <summary>The hub's address.</summary>
    public static IPAddress HubAddress { get; } = IPAddress.Parse("10.213.0.1");

    /// <summary>Why this machine cannot have them; null where it can.</summary>
    public static string? WhyNot() =>
        !OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess ? "network namespaces need root on Linux"
        : Try("ip", "netns", "add", "qmtl-probe") != 0 ? "ip netns makes no network namespace here"
        : Try("ip", "-n", "qmtl-probe", "link", "add", Bridge, "type", "bridge") + Try("ip", "netns", "del", "qmtl-probe") != 0
            ? "ip makes no bridge here" : null;

    /// <summary>A member's network.</summary>
    public string Of(int member) => $"{Prefix}-{member}";

    /// <summary>A member's address.</summary>
    public static IPAddress AddressOf(int member) => IPAddress.Parse($"10.213.0.{10 + member}");

    /// <summary>Makes hub and members.</summary>
    public void Make(int members)
    {
        Ip("netns", "add", Hub);
        Ip("-n", Hub, "link", "set", "lo", "up");
        Ip("-n", Hub, "link", "add", Bridge, "type", "bridge");
        Ip("-n", Hub, "addr", "add", $"{HubAddress}/24", "dev", Bridge);
        Ip("-n", Hub, "link", "set", Bridge, "up");
        for (int member = 0; member < members; member++)
        {
            Ip("netns", "add", Of(member));
            Ip("-n", Of(member), "link", "set", "lo", "up");
            Ip("-n", Hub, "link", "add", CableOf(member), "type", "veth", "peer", "name", "eth0", "netns", Of(member));
            Ip("-n", Hub, "link", "set", CableOf(member), "master", Bridge, "up");
            Ip("-n", Of(member), "addr", "add", $"{AddressOf(member)}/24", "dev", "eth0");
            Ip("-n", Of(member), "link", "set", "eth0", "up");
        }
    }

    /// <summary>Pulls a member's cable, or puts it in again.</summary>
    public void SetCable(int member, bool isIn) => Ip("-n", Hub, "link", "set", CableOf(member), isIn ? "up" : "down");

    /// <summary>Removes hub and members, as far as they are there.</summary>
    public void Remove(int members)
    {
        foreach (string name in Enumerable.Range(0, members).Select(Of).Append(Hub))
        {
            Try("ip", "netns", "del", name);
        }
    }

    private static string CableOf(int member) => $"cable{member}";

    private static void Ip(params string[] arguments)
    {
        if (Try("ip", arguments) is not 0 and var code)
        {
            throw new InvalidOperationException($"ip {string.Join(' ', arguments)} ended with {code}.");
        }
    }

    private static int Try(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode;
    }
}
