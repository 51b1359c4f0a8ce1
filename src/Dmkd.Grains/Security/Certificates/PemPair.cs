namespace Dmkd.Grains.Security.Certificates;

/// <summary>A certificate just made, and its private key.</summary>
/// <param name="Certificate">PEM.</param>
/// <param name="Key">PEM of PKCS #8. A secret.</param>
/// <param name="NotAfter">When it ends, UTC.</param>
/// <param name="Thumbprint">SHA-1 of the certificate, by which tools show it.</param>
public sealed record PemPair(string Certificate, string Key, DateTime NotAfter, string Thumbprint)
{
    /// <summary>Serial number of an issued certificate, hexadecimal; empty for an authority's.</summary>
    public string Serial { get; init; } = "";

    /// <summary>Without the key: a record would print it.</summary>
    public override string ToString() => Thumbprint;
}
