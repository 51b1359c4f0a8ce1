using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Models;

/// <summary>
/// Finds the weights of an architecture among the tensors of a checkpoint, whatever repository named them.
/// </summary>
/// <remarks>
/// Counters are left out; wrappers such as <c>module.</c> and any first part that all names share are taken off as far
/// as this makes more weights match; synonyms of heads and shortcuts are equal. The tables are in <c>WeightNames</c>.
/// Weight normalisation, spectral normalisation and pruning masks are folded into the weights that they make.
/// </remarks>
public static class StateDictMapper
{
    /// <summary>Maps a checkpoint to weights.</summary>
    /// <param name="architecture">What the weights are for.</param>
    /// <param name="checkpoint">Borrowed: not modified, not disposed.</param>
    /// <returns>Float32 copies by the architecture's names, in its order, owned by the caller.</returns>
    /// <exception cref="CheckpointMismatchException">A weight is missing, of another shape or of whole numbers, or a
    /// tensor has no place.</exception>
    /// <exception cref="CheckpointFormatException">A weight is not finite as float32, or no tensor that can be
    /// read.</exception>
    public static WeightSet Map(NetworkArchitecture architecture, Checkpoint checkpoint)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        ArgumentNullException.ThrowIfNull(checkpoint);
        var unreadable = checkpoint.Unreadable;
        if (unreadable.Count > 0)
        {
            var found = Match(ShapesOf(architecture), [.. checkpoint.Tensors.Keys, .. unreadable.Keys], out _);
            foreach (var (weight, name) in found)
                if (unreadable.TryGetValue(name, out string? kind))
                    throw new CheckpointFormatException(
                        $"The weight {CheckpointFormatException.Quote(weight)} cannot be read: in the checkpoint "
                            + $"{CheckpointFormatException.Quote(name)} is {kind}, not a tensor of floating-point numbers."
                    );
        }

        return Map(architecture, checkpoint.Tensors);
    }

    /// <summary>Maps tensors to weights.</summary>
    /// <param name="architecture">What the weights are for.</param>
    /// <param name="tensors">Tensors by the checkpoint's names. Borrowed: not modified, not disposed.</param>
    /// <returns>Float32 copies by the architecture's names, in its order, owned by the caller.</returns>
    /// <exception cref="CheckpointMismatchException">A weight is missing, of another shape or of whole numbers, or a
    /// tensor has no place.</exception>
    /// <exception cref="CheckpointFormatException">A weight is not finite as float32; the message says where.</exception>
    public static WeightSet Map(NetworkArchitecture architecture, IReadOnlyDictionary<string, Tensor> tensors)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        ArgumentNullException.ThrowIfNull(tensors);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        tensors = Reparametrisation.Fold(tensors);
        var expected = ShapesOf(architecture);
        var found = Match(expected, tensors.Keys, out var unexpected);
        Check(architecture, expected, tensors, found, unexpected);
        var weights = expected.ToDictionary(
            weight => weight.Key,
            weight => Float32Copy(tensors[found[weight.Key]]),
            StringComparer.Ordinal
        );
        foreach (var (name, copy) in weights)
            if (FiniteValues.ProblemOf(copy, tensors[found[name]]) is { } problem)
                throw new CheckpointFormatException(
                    $"The checkpoint's tensor {CheckpointFormatException.Quote(found[name])} {problem}."
                );
        return new WeightSet(expected.Select(weight => KeyValuePair.Create(weight.Key, weights[weight.Key])));
    }

    /// <summary>Tells how many outputs a checkpoint's network has.</summary>
    /// <param name="architecture">What the tensors are for, with any number of outputs.</param>
    /// <param name="tensors">Tensors by the checkpoint's names. Borrowed: not modified, not disposed.</param>
    /// <returns>The rows of the tensor that is the head's, at least 1; null when there is none.</returns>
    public static int? FindOutputCount(NetworkArchitecture architecture, IReadOnlyDictionary<string, Tensor> tensors)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        ArgumentNullException.ThrowIfNull(tensors);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        tensors = Reparametrisation.Fold(tensors);
        var found = Match(ShapesOf(architecture), tensors.Keys, out _);
        foreach (var axes in architecture.Weights.Where(axes => axes.Rows.Space == UnitSpace.Output))
            if (
                found.TryGetValue(axes.Name, out string? name)
                && tensors[name].shape is [> 0 and <= int.MaxValue, ..] shape
            )
                return (int)shape[0];
        return null;
    }

    private static List<KeyValuePair<string, long[]>> ShapesOf(NetworkArchitecture architecture)
    {
        using var scope = NewDisposeScope(); // the throw-away network and all that belongs to it
        using var generator = new Generator(0);
        using var network = architecture.Build(generator);
        using var weights = WeightSet.CopyOf(network);
        return [.. weights.Select(weight => KeyValuePair.Create(weight.Key, weight.Value.shape))];
    }

    /// <summary>Finds the tensor of each weight.</summary>
    /// <returns>Names in the checkpoint by the architecture's names.</returns>
    private static Dictionary<string, string> Match(
        List<KeyValuePair<string, long[]>> expected,
        IEnumerable<string> names,
        out List<string> unexpected
    )
    {
        var own = expected.Select(weight => WeightNames.FirstPart(weight.Key) ?? "").ToHashSet(StringComparer.Ordinal);
        var candidates = names
            .Where(name => !WeightNames.IsIgnored(name))
            .Select(name => (Name: name, Short: WeightNames.Unwrap(name, own)))
            .ToList();
        var best = Pair(expected, candidates);
        while (CommonPart(candidates.Select(candidate => candidate.Short)) is { } common)
        {
            candidates =
            [
                .. candidates.Select(candidate =>
                    (candidate.Name, WeightNames.Unwrap(candidate.Short[(common.Length + 1)..], own))
                ),
            ];
            var pairs = Pair(expected, candidates);
            if (pairs.Count > best.Count)
                best = pairs;
        }

        var used = best.Values.ToHashSet(StringComparer.Ordinal);
        unexpected = [.. candidates.Select(candidate => candidate.Name).Where(name => !used.Contains(name))];
        return best;
    }

    private static Dictionary<string, string> Pair(
        List<KeyValuePair<string, long[]>> expected,
        List<(string Name, string Short)> candidates
    )
    {
        var exact = new Dictionary<string, string>(StringComparer.Ordinal);
        var synonyms = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, shortName) in candidates)
        {
            exact.TryAdd(shortName, name);
            synonyms.TryAdd(WeightNames.Canonical(shortName), name);
        }

        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (weight, _) in expected)
            if (
                exact.TryGetValue(weight, out string? name)
                || synonyms.TryGetValue(WeightNames.Canonical(weight), out name)
            )
                pairs.Add(weight, name);
        return pairs;
    }

    private static string? CommonPart(IEnumerable<string> names)
    {
        var firsts = names.Select(WeightNames.FirstPart).Distinct().Take(2).ToList();
        return firsts is [{ } common] ? common : null;
    }

    private static void Check(
        NetworkArchitecture architecture,
        List<KeyValuePair<string, long[]>> expected,
        IReadOnlyDictionary<string, Tensor> tensors,
        Dictionary<string, string> found,
        List<string> unexpected
    )
    {
        var missing = expected.Where(weight => !found.ContainsKey(weight.Key)).ToList();
        var wronglyShaped = new List<WeightShapeMismatch>();
        foreach (var (name, shape) in expected)
        {
            if (!found.TryGetValue(name, out string? source))
                continue;
            var tensor = tensors[source];
            if (!tensor.is_floating_point() || !tensor.shape.AsSpan().SequenceEqual(shape))
                wronglyShaped.Add(new WeightShapeMismatch(name, shape, tensor.shape, tensor.dtype));
        }

        if (missing.Count + unexpected.Count + wronglyShaped.Count == 0)
            return;
        throw new CheckpointMismatchException(
            architecture.ToString()!,
            missing,
            [.. unexpected.Select(name => KeyValuePair.Create(name, tensors[name].shape))],
            wronglyShaped
        );
    }

    private static Tensor Float32Copy(Tensor tensor) =>
        tensor.detach().to(ScalarType.Float32, CPU, copy: true).contiguous();
}

/// <summary>A weight that a checkpoint has in another shape, or as whole numbers.</summary>
/// <param name="Name">Name in the architecture.</param>
/// <param name="Expected">Shape that the architecture needs.</param>
/// <param name="Actual">Shape in the checkpoint.</param>
/// <param name="ActualType">Element type in the checkpoint; only floating-point types can be weights.</param>
public sealed record WeightShapeMismatch(
    string Name,
    IReadOnlyList<long> Expected,
    IReadOnlyList<long> Actual,
    ScalarType ActualType
);
