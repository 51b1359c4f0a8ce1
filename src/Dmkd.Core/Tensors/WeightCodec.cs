using System.Security.Cryptography;
using System.Text.RegularExpressions;
using static TorchSharp.torch;

namespace Dmkd.Core.Tensors;

/// <summary>
/// Weights as a safetensors file of fp32 tensors. Canonical: equal weights and metadata give equal bytes, whatever the
/// order of the set, so <see cref="WeightDigest"/> identifies them.
/// </summary>
public static class WeightCodec
{
    /// <summary>Writes weights.</summary>
    /// <param name="weights">Borrowed.</param>
    /// <param name="metadata">Texts to store beside them.</param>
    /// <exception cref="ArgumentException">A tensor is not float32.</exception>
    public static byte[] Encode(WeightSet weights, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(weights);
        foreach (var (name, tensor) in weights)
            if (tensor.dtype != ScalarType.Float32)
                throw new ArgumentException($"Weight '{name}' must be Float32; it is {tensor.dtype}.", nameof(weights));
        return SafeTensorsWriter.ToBytes(weights, metadata);
    }

    /// <summary>Reads weights.</summary>
    /// <param name="bytes">What <see cref="Encode"/> wrote, or any safetensors file of fp32 tensors.</param>
    /// <returns>Weights in the file's order, owned by the caller.</returns>
    /// <exception cref="CheckpointFormatException">The bytes are no such file.</exception>
    public static WeightSet Decode(ReadOnlySpan<byte> bytes)
    {
        var file = SafeTensorsReader.Read(bytes);
        foreach (var (name, tensor) in file.Tensors)
        {
            if (tensor.dtype == ScalarType.Float32)
                continue;
            string problem =
                $"safetensors: tensor {CheckpointFormatException.Quote(name)}: weights must be F32; this is {tensor.dtype}.";
            file.Dispose();
            throw new CheckpointFormatException(problem);
        }

        return new WeightSet(file.Tensors);
    }
}

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
