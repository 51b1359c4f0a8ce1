using System.Collections;
using System.Runtime.InteropServices;
using System.Text.Json;
using Dmkd.Core.Routing.Discriminants;
using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Routing;

/// <summary>
/// What a gate was fitted: named arrays of float64 numbers, to the last bit. Stored as a safetensors file that names
/// the gate or calibration it is of.
/// </summary>
/// <param name="fit">Name of the gate or calibration.</param>
public sealed class GateParameters(string fit) : IEnumerable<KeyValuePair<string, GateArray>>
{
    private const string FitKey = "dmkd.gate";
    private static readonly JsonSerializerOptions OlderJson = new(JsonSerializerDefaults.Web);
    private readonly SortedDictionary<string, GateArray> _arrays = new(StringComparer.Ordinal);

    /// <summary>Name of the gate or calibration.</summary>
    public string Fit { get; } = fit;

    /// <summary>An array by name.</summary>
    /// <exception cref="CheckpointFormatException">There is none of the name.</exception>
    public GateArray this[string name]
    {
        get =>
            _arrays.TryGetValue(name, out var array)
                ? array
                : throw new CheckpointFormatException(
                    $"The fitted gate '{Fit}' has no array {CheckpointFormatException.Quote(name)}."
                );
        set => _arrays[name] = value;
    }

    /// <summary>Refuses parameters of another gate.</summary>
    /// <exception cref="CheckpointFormatException">They are.</exception>
    public void Require(string gate)
    {
        if (Fit != gate)
            throw new CheckpointFormatException($"These parameters are of '{Fit}', not of '{gate}'.");
    }

    /// <summary>As a safetensors file; equal parameters give equal bytes.</summary>
    public byte[] Encode()
    {
        using var scope = NewDisposeScope();
        var tensors = _arrays.Select(pair =>
            KeyValuePair.Create(pair.Key, tensor(pair.Value.Values, pair.Value.Shape, ScalarType.Float64))
        );
        return SafeTensorsWriter.ToBytes(tensors, new Dictionary<string, string> { [FitKey] = Fit });
    }

    /// <summary>From bytes: what <see cref="Encode"/> wrote, or the JSON that versions before wrote.</summary>
    /// <exception cref="CheckpointFormatException">The bytes are neither.</exception>
    public static GateParameters Decode(ReadOnlySpan<byte> content)
    {
        if (content.Length > 1 && content[0] == '{' && content[1] == '"')
            return DecodeOlder(content);
        using var scope = NewDisposeScope();
        using var file = SafeTensorsReader.Read(content);
        if (!file.Metadata.TryGetValue(FitKey, out string? fit))
            throw new CheckpointFormatException($"A fitted gate names itself by {FitKey}; this file does not.");
        var parameters = new GateParameters(fit);
        foreach (var (name, tensor) in file.Tensors)
        {
            if (tensor.dtype != ScalarType.Float64)
                throw new CheckpointFormatException(
                    $"The fitted gate '{fit}': array {CheckpointFormatException.Quote(name)} must be F64; it is {tensor.dtype}."
                );
            using var flat = tensor.contiguous();
            parameters[name] = new GateArray(tensor.shape, MemoryMarshal.Cast<byte, double>(flat.bytes).ToArray());
        }

        return parameters;
    }

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, GateArray>> GetEnumerator() => _arrays.GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static GateParameters DecodeOlder(ReadOnlySpan<byte> content)
    {
        OlderParameters? older;
        try
        {
            older = JsonSerializer.Deserialize<OlderParameters>(content, OlderJson);
        }
        catch (JsonException e)
        {
            throw new CheckpointFormatException($"The fitted gate is neither safetensors nor JSON: {e.Message}");
        }

        if (older?.Scorer is { } own)
            return ScorerGate.ToParameters(own.Gate, own.Scorer, own.Profiles, own.DescriptorSpread);
        if (older?.Discriminants is { } discriminants)
            return DiscriminantGate.ToParameters(discriminants);
        if (older?.Pairs is { } pairs)
            return AffineGate.ToParameters(pairs);
        throw new CheckpointFormatException("The fitted gate has neither pairs nor a scorer nor discriminants.");
    }

    /// <summary>The JSON of versions before: one of the three is there.</summary>
    private sealed record OlderParameters(
        AffinePair[]? Pairs,
        OlderScorer? Scorer,
        LinearDiscriminant[]? Discriminants
    );

    private sealed record OlderScorer(
        string Gate,
        PairScorerWeights Scorer,
        ExpertProfile[] Profiles,
        double[] DescriptorSpread
    );
}

/// <summary>An array of a fitted gate.</summary>
/// <param name="Shape">Its shape.</param>
/// <param name="Values">Its numbers, row-major.</param>
public sealed record GateArray(long[] Shape, double[] Values)
{
    /// <summary>An array of one axis.</summary>
    public static GateArray Vector(double[] values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return new GateArray([values.Length], values);
    }
}
