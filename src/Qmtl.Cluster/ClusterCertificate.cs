using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Orleans.Connections.Security;
using Qmtl.Messages;

namespace Qmtl.Cluster;

/// <summary>
/// The certificate by which the members of a cluster and its clients know one another: all have the same, and who has another one, or none,
/// is not talked to.
/// </summary>
public sealed class ClusterCertificate
{
    private readonly X509Certificate2 _certificate;

    private ClusterCertificate(X509Certificate2 certificate) => _certificate = certificate;

    /// <summary>Reads a file of PEM that holds a certificate and its private key.</summary>
    /// <exception cref="ArgumentException">It cannot be read, or lacks one of the two. The message holds nothing of it.</exception>
    public static ClusterCertificate Load(string path)
    {
        try
        {
            using X509Certificate2 read = X509Certificate2.CreateFromPemFile(path);

            // A key that is only in memory is no use to Windows' TLS.
            return new ClusterCertificate(X509CertificateLoader.LoadPkcs12(read.Export(X509ContentType.Pkcs12), null));
        }
        catch (Exception exception) when (exception is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new ArgumentException(
                $"The cluster's certificate {PlainText.OneLine(path)} cannot be read. Name a file of PEM with the certificate and its "
                    + "private key, "
                    + "without a passphrase.",
                nameof(path));
        }
    }

    /// <summary>Sets what both ends of a connection show and insist on.</summary>
    internal void Apply(TlsOptions options)
    {
        options.LocalCertificate = _certificate;
        options.RemoteCertificateMode = RemoteCertificateMode.RequireCertificate;
        options.ClientCertificateMode = RemoteCertificateMode.RequireCertificate;
        options.RemoteCertificateValidation = (other, _, _) => CryptographicOperations.FixedTimeEquals(
            other.GetCertHash(HashAlgorithmName.SHA256), _certificate.GetCertHash(HashAlgorithmName.SHA256));
        options.OnAuthenticateAsClient = (_, client) =>
        {
            client.TargetHost = _certificate.GetNameInfo(X509NameType.DnsName, forIssuer: false) is { Length: > 0 } name ? name : "qmtl";
            client.ClientCertificates = [_certificate];
        };
        options.OnAuthenticateAsServer = (_, server) => server.CertificateRevocationCheckMode = X509RevocationMode.NoCheck;
    }
}
