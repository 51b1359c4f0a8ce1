using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace Dmkd.Core.Checkpoints;

/// <summary>Names content by its hash.</summary>
public static partial class WeightDigest
{
    /// <summary>Finds digests in text.</summary>
    public static Regex Pattern => DigestPattern();

    /// <summary>The SHA-256 of bytes, such as <c>sha256:e3b0c442...</c> (64 lowercase hexadecimal digits).</summary>
    public static string Of(ReadOnlySpan<byte> bytes) => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(bytes))}";

    [GeneratedRegex("sha256:[0-9a-f]{64}", RegexOptions.CultureInvariant)]
    private static partial Regex DigestPattern();
}
