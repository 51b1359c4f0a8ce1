using System.Collections;
using System.Runtime.InteropServices;
using System.Text.Json;
using Dmkd.Core.Routing.Discriminants;
using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Routing;

/// <summary>
/// The proposal's gate: gives each expert a score z_k(x) for one input (proposal 3.3). A gate says what it needs; where
/// that is measured on nodes, it is fitted to it; then it looks at a batch and scores each pair of expert and input.
/// </summary>
public interface IGate
{
    /// <summary>What it needs beside the experts' own class scores.</summary>
    GateNeeds Needs => GateNeeds.Nothing;

    /// <summary>Whether it is fitted to what nodes measure before it can score.</summary>
    bool NeedsFit => (Needs & (GateNeeds.Exemplars | GateNeeds.Moments)) != 0;

    /// <summary>Whether it chooses before any expert has run, so that only the chosen need to.</summary>
    bool ChoosesFirst => false;

    /// <summary>Fits it to what nodes measured. Same evidence, same parameters.</summary>
    /// <param name="evidence">What <see cref="Needs"/> names.</param>
    /// <exception cref="NotSupportedException">The gate is not fitted to anything.</exception>
    /// <exception cref="ArgumentException">The evidence is of another kind, or does not suffice.</exception>
    GateParameters Fit(GateEvidence evidence) =>
        throw new NotSupportedException($"{GetType().Name} is not fitted to anything.");

    /// <summary>The gate with what was fitted.</summary>
    /// <param name="parameters">What <see cref="Fit"/> gave.</param>
    /// <param name="places">Place of each expert that is asked among those of the fit.</param>
    IGate Fitted(GateParameters parameters, IReadOnlyList<int> places) => this;

    /// <summary>Looks at a batch.</summary>
    /// <param name="batch">What can be known of it. Borrowed.</param>
    /// <returns>The experts with what the gate scores, and with their class scores unless it
    /// <see cref="ChoosesFirst"/>.</returns>
    IReadOnlyList<ExpertView> Look(IBatchScores batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return [.. batch.Experts.Select((expert, k) => expert with { ClassScores = batch.ScoresOf(k) })];
    }

    /// <summary>Scores one expert for one input. No other expert enters.</summary>
    /// <returns>z_k(x); larger means more likely to be the right expert.</returns>
    double Score(ExpertInput pair);
}

/// <summary>What a gate needs beside the class scores of the experts.</summary>
[Flags]
public enum GateNeeds
{
    /// <summary>Nothing.</summary>
    Nothing = 0,

    /// <summary>
    /// Before it routes: every expert's class scores of the nodes' exemplars (<see cref="ExemplarScores"/>).
    /// </summary>
    Exemplars = 1,

    /// <summary>Of exemplars and of inputs: their descriptors (<see cref="Dmkd.Core.Modalities.IModality.Describe"/>).</summary>
    Descriptors = 2,

    /// <summary>
    /// Before it routes: moments of the nodes' inputs in every expert's feature space (<see cref="ExpertMoments"/>).
    /// </summary>
    Moments = 4,

    /// <summary>A gate network in the library.</summary>
    GateNetwork = 8,

    /// <summary>The task of each input: only an evaluation knows it.</summary>
    Task = 16,
}

/// <summary>What nodes measured for a gate to be fitted to.</summary>
public abstract record GateEvidence;

/// <summary>Exemplars of all nodes as the experts score them.</summary>
/// <param name="Experts">The experts with their class scores of the exemplars, at least one.</param>
/// <param name="Labels">Class index of each exemplar; known to one of the experts.</param>
/// <param name="Descriptors">Descriptor of each exemplar, shape [exemplars, numbers]; empty for a gate without need of
/// them.</param>
public sealed record ExemplarScores(IReadOnlyList<ExpertView> Experts, int[] Labels, double[] Descriptors)
    : GateEvidence;

/// <summary>Moments of all nodes' inputs.</summary>
/// <param name="Experts">In the feature space of each expert.</param>
public sealed record ExpertMoments(IReadOnlyList<FeatureMoments> Experts) : GateEvidence;

/// <summary>What can be known of a batch of inputs. Each answer is computed when a gate asks for it.</summary>
public interface IBatchScores
{
    /// <summary>Number of inputs.</summary>
    int Count { get; }

    /// <summary>The experts before any of them has run: their classes and H_k.</summary>
    IReadOnlyList<ExpertView> Experts { get; }

    /// <summary>An expert's class scores, shape [batch, classes].</summary>
    float[] ScoresOf(int expert);

    /// <summary>
    /// The same with the features that they were made of, shape [batch, features], owned by the caller.
    /// </summary>
    (float[] Scores, Tensor Features) ScoresAndFeaturesOf(int expert);

    /// <summary>The gate network's logits of an expert's classes, shape [batch, classes].</summary>
    /// <exception cref="InvalidOperationException">The gate network does not know one of the classes.</exception>
    float[] GateLogitsOf(int expert);

    /// <summary>Descriptors of the inputs, shape [batch, numbers].</summary>
    double[] Descriptors();
}

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
