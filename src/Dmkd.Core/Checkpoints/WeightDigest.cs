using System.Security.Cryptography;

namespace Dmkd.Core.Checkpoints;

/// <summary>Names content by its hash.</summary>
public static class WeightDigest
{
    /// <summary>The SHA-256 of bytes, such as <c>sha256:e3b0c442...</c> (64 lowercase hexadecimal digits).</summary>
    public static string Of(ReadOnlySpan<byte> bytes) => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(bytes))}";
}
