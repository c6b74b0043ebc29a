using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Qmtl.Cluster;
using Qmtl.Cluster.Silo;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Cluster;

/// <summary>Who may talk to a member, and how a cluster is named.</summary>
[Collection(PostgreSqlCollection.Name)]
public sealed class ClusterDoorTests(PostgreSqlServer server) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [PostgreSqlFact]
    public async Task Only_who_has_the_cluster_s_certificate_is_talked_to()
    {
        ClusterAddress address = ClusterAddress.Parse(server.UriOf(await server.CreateDatabaseAsync()));
        ClusterCertificate own = ClusterCertificate.Load(MakeCertificate("own"));
        await using ClusterMemberHost first = await StartAsync(address, own);
        await using ClusterMemberHost second = await StartAsync(address, own);
        await using (ClusterClient client = await ClusterClient.ConnectAsync(address, own))
        {
            Assert.Equal(2, (await client.GetMembersAsync()).Count(static member => member.State == "Active"));
        }

        ClusterException[] refused = await Task.WhenAll(
            Assert.ThrowsAsync<ClusterException>(() => ClusterClient.ConnectAsync(address)),
            Assert.ThrowsAsync<ClusterException>(() => ClusterClient.ConnectAsync(address, ClusterCertificate.Load(MakeCertificate("other")))));

        Assert.All(refused, static error => Assert.StartsWith("No member of the cluster postgresql://127.0.0.1:", error.Message, StringComparison.Ordinal));
        Assert.All(refused, static error => Assert.DoesNotContain(PrivatePostgreSql.Password, error.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public void A_member_that_others_reach_insists_on_a_certificate_or_a_word()
    {
        var open = new ClusterMemberOptions { Address = ClusterAddress.Parse("localhost"), Listen = IPAddress.Parse("10.0.0.5") };

        Assert.Contains("(--certificate), or say that the network is your own (--insecure).", Assert.Throws<ArgumentException>(open.Validate).Message, StringComparison.Ordinal);
        (open with { AllowPlain = true }).Validate();
        (open with { Certificate = ClusterCertificate.Load(MakeCertificate("own")) }).Validate();
        (open with { Listen = IPAddress.Loopback }).Validate();
    }

    [Fact]
    public void A_folder_of_strategies_that_there_is_not_is_told_before_anybody_asks_for_it()
    {
        var member = new ClusterMemberOptions { Address = ClusterAddress.Parse("localhost"), StrategyFolders = [_folder.File("none")] };

        Assert.Equal(
            $"There is no folder {_folder.File("none")} for assemblies of strategies. Make it, or name another one (--strategies).",
            Assert.Throws<ArgumentException>(member.Validate).Message);
        (member with { StrategyFolders = [_folder.FullPath] }).Validate();
        Assert.Throws<ArgumentOutOfRangeException>((member with { StrategyFolders = [], RunsAtOnce = 0 }).Validate);
    }

    [Theory]
    [InlineData("postgresql://me:hunter22@db.example/cluster", "postgresql://db.example:5432/cluster")]
    [InlineData("Host=db.example;Database=cluster;Username=me;Password=hunter22", "postgresql://db.example:5432/cluster")]
    [InlineData("LOCALHOST", "localhost")]
    [InlineData("127.0.0.1:30000, [::1]:30001", "127.0.0.1:30000, [::1]:30001")]
    public void An_address_shows_no_password(string text, string shown) => Assert.Equal(shown, ClusterAddress.Parse(text).ToString());

    [Theory]
    [InlineData(" ", "Which cluster?")]
    [InlineData("db.example", "'db.example' is no member of a cluster.")]
    [InlineData("127.0.0.1:0", "'127.0.0.1:0' is no member of a cluster.")]
    public void A_text_that_names_no_cluster_is_refused(string text, string expected) => Assert.StartsWith(
        expected, Assert.ThrowsAny<ArgumentException>(() => ClusterAddress.Parse(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("1200/1m", 1200, 60)]
    [InlineData("10/1s", 10, 1)]
    public void A_limit_is_read(string text, int requests, int seconds) =>
        Assert.Equal(new KeyLimit(requests, TimeSpan.FromSeconds(seconds)), KeyLimit.Parse(text));

    [Theory]
    [InlineData("1200")]
    [InlineData("0/1m")]
    [InlineData("5/1M")]
    [InlineData("-1/1m")]
    public void A_limit_that_is_none_is_refused(string text) =>
        Assert.StartsWith($"'{text}' is no limit.", Assert.Throws<FormatException>(() => KeyLimit.Parse(text)).Message, StringComparison.Ordinal);

    public void Dispose() => _folder.Dispose();

    private static Task<ClusterMemberHost> StartAsync(ClusterAddress address, ClusterCertificate certificate) => ClusterMemberHost.StartAsync(
        new ClusterMemberOptions { Address = address, Certificate = certificate, MemberPort = 0, ClientPort = 0 }, new MemberParts([], []));

    private string MakeCertificate(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 certificate = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        string path = _folder.File($"{name}.pem");
        File.WriteAllText(path, certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem());
        return path;
    }
}
