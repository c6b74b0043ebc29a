using System.Net.Http.Headers;
using System.Text;

namespace Qmtl.Gateway.Wire;

/// <summary>Where a gateway is, apart from the user and password that its address may hold.</summary>
internal sealed class GatewayAddress
{
    private readonly Uri _base;

    /// <summary>An address as an operator writes it.</summary>
    /// <exception cref="ArgumentException">It is no absolute http or https address, or has a query or fragment. The message does not repeat
    /// it, for it may hold a password.</exception>
    public GatewayAddress(Uri address)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (!address.IsAbsoluteUri || (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps))
        {
            throw new ArgumentException(
                "A gateway has an absolute http or https address, for example http://127.0.0.1:8000.", nameof(address));
        }

        if (address.Query.Length > 0 || address.Fragment.Length > 0)
        {
            throw new ArgumentException(
                "A gateway's address has no query (?) and no fragment (#). Give credentials as user:password@host, or as headers of the "
                    + "HTTP client.",
                nameof(address));
        }

        string plain = address.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);
        _base = new Uri(plain.EndsWith('/') ? plain : plain + '/');
        if (address.UserInfo.Length > 0)
        {
            string userInfo = Uri.UnescapeDataString(address.UserInfo);
            Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(userInfo)));
            Password = userInfo[(userInfo.IndexOf(':', StringComparison.Ordinal) + 1)..];
        }
    }

    /// <summary>The credentials of the address, as a header; null where it has none.</summary>
    public AuthenticationHeaderValue? Authorization { get; }

    /// <summary>The password of the address, to be kept out of messages; null where it has none.</summary>
    public string? Password { get; }

    /// <summary>The address without credentials.</summary>
    public Uri Plain => _base;

    /// <summary>The address of one of its resources.</summary>
    public Uri Resource(string path) => new(_base, path);

    /// <summary>Where the gateway itself serves events.</summary>
    public Uri Stream => StreamAddress.Read("address", Resource("ws/evt").AbsoluteUri);

    /// <summary>The address without credentials.</summary>
    public override string ToString() => _base.AbsoluteUri.TrimEnd('/');
}
