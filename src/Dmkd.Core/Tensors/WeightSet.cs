using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using static TorchSharp.torch;

namespace Dmkd.Core.Tensors;

/// <summary>
/// The weights of a network (or an update to them) by name, in the order given. Float32 tensors on the CPU. Owns its
/// tensors: they leave the dispose scope they were made in and live until the set is disposed.
/// </summary>
public sealed class WeightSet : IReadOnlyDictionary<string, Tensor>, IDisposable
{
    private readonly Dictionary<string, Tensor> _tensors = new(StringComparer.Ordinal);
    private readonly List<string> _names = [];

    /// <summary>Takes over tensors.</summary>
    /// <param name="tensors">Names and tensors, any shape. The set becomes their owner.</param>
    /// <exception cref="ArgumentException">A name comes twice.</exception>
    public WeightSet(IEnumerable<KeyValuePair<string, Tensor>> tensors)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        foreach (var (name, tensor) in tensors)
        {
            _tensors.Add(name, tensor.DetachFromDisposeScope());
            _names.Add(name);
        }
    }

    /// <inheritdoc/>
    public IEnumerable<string> Keys => _names;

    /// <inheritdoc/>
    public IEnumerable<Tensor> Values => _names.Select(name => _tensors[name]);

    /// <inheritdoc/>
    public int Count => _names.Count;

    /// <summary>Number of values in all tensors.</summary>
    public long ElementCount => _tensors.Values.Sum(tensor => tensor.numel());

    /// <summary>Size of all tensors as dense fp32, in bytes.</summary>
    public long DenseBytes => ElementCount * sizeof(float);

    /// <inheritdoc/>
    public Tensor this[string key] =>
        _tensors.TryGetValue(key, out var tensor)
            ? tensor
            : throw new KeyNotFoundException($"No weight is named '{key}'; there are: {string.Join(", ", _names)}.");

    /// <summary>
    /// Copies a network's state; counters such as <c>num_batches_tracked</c> are not weights and stay out.
    /// </summary>
    /// <param name="network">Borrowed.</param>
    public static WeightSet CopyOf(nn.Module network)
    {
        ArgumentNullException.ThrowIfNull(network);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return new WeightSet(
            StateOf(network).Select(p => KeyValuePair.Create(p.Key, p.Value.detach().to(CPU, copy: true)))
        );
    }

    /// <summary>Writes the weights into a network of the same architecture.</summary>
    /// <param name="network">Its state is overwritten in place, on whichever device it is.</param>
    /// <exception cref="ArgumentException">A weight is missing, unexpected or of another shape; the message names the
    /// first.</exception>
    public void CopyTo(nn.Module network)
    {
        ArgumentNullException.ThrowIfNull(network);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var state = StateOf(network).ToDictionary(StringComparer.Ordinal);
        foreach (string name in _names.Where(name => !state.ContainsKey(name)))
            throw new ArgumentException($"Weight '{name}' does not belong to {network}.", nameof(network));
        foreach (var (name, target) in state)
        {
            if (!_tensors.TryGetValue(name, out var source))
                throw new ArgumentException($"Weight '{name}' of {network} is missing.", nameof(network));
            if (!source.shape.AsSpan().SequenceEqual(target.shape))
                throw new ArgumentException(
                    $"Weight '{name}' has shape [{string.Join(", ", source.shape)}]; {network} needs "
                        + $"[{string.Join(", ", target.shape)}].",
                    nameof(network)
                );
        }

        foreach (var (name, target) in state)
            target.copy_(_tensors[name]); // all or nothing
    }

    /// <summary>Copies the set.</summary>
    /// <returns>A set owned by the caller.</returns>
    public WeightSet Clone() => Map((_, tensor) => tensor.clone());

    /// <summary>Makes a set of the same names from one function per tensor.</summary>
    /// <param name="function">Takes the name and the borrowed tensor; its result becomes the new set's.</param>
    public WeightSet Map(Func<string, Tensor, Tensor> function)
    {
        ArgumentNullException.ThrowIfNull(function);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return new WeightSet([.. _names.Select(name => KeyValuePair.Create(name, function(name, _tensors[name])))]);
    }

    /// <inheritdoc/>
    public bool ContainsKey(string key) => _tensors.ContainsKey(key);

    /// <inheritdoc/>
    public bool TryGetValue(string key, [MaybeNullWhen(false)] out Tensor value) =>
        _tensors.TryGetValue(key, out value);

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, Tensor>> GetEnumerator() =>
        _names.Select(name => KeyValuePair.Create(name, _tensors[name])).GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Disposes the tensors.</summary>
    public void Dispose()
    {
        foreach (var tensor in _tensors.Values)
            tensor.Dispose();
    }

    private static IEnumerable<KeyValuePair<string, Tensor>> StateOf(nn.Module network) =>
        network.state_dict().Where(p => p.Value.is_floating_point()).Select(p => KeyValuePair.Create(p.Key, p.Value));
}

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
