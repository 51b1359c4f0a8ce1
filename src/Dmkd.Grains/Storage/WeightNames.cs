using System.Buffers;
using Dmkd.Core.Checkpoints;

namespace Dmkd.Grains.Storage;

/// <summary>Digests as names of blobs, and blobs against their names.</summary>
internal static class WeightNames
{
    private const string Algorithm = "sha256:";
    private const int Digits = 64;
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    /// <summary>The digits of a digest. Digests also come over the wire: nothing but digits may become a path or a key.</summary>
    /// <exception cref="WeightStoreException">It is no digest.</exception>
    public static string DigitsOf(string digest) =>
        digest.StartsWith(Algorithm, StringComparison.Ordinal) && digest.Length == Algorithm.Length + Digits && !digest.AsSpan(Algorithm.Length).ContainsAnyExcept(HexDigits)
            ? digest[Algorithm.Length..]
            : throw new WeightStoreException($"'{digest}' is no digest: expected {Algorithm} and {Digits} lower-case hexadecimal digits.");

    /// <summary>The digest with some digits; null when they are none.</summary>
    public static string? DigestOf(string digits) =>
        digits.Length == Digits && !digits.AsSpan().ContainsAnyExcept(HexDigits) ? Algorithm + digits : null;

    /// <summary>Content that has the digest.</summary>
    /// <exception cref="WeightStoreException">It has another.</exception>
    public static byte[] Verified(string digest, byte[] content, string place)
    {
        string actual = WeightDigest.Of(content);
        return actual == digest ? content : throw new WeightStoreException($"Weights {digest} in {place} are damaged: their digest is {actual}.");
    }
}
