using static TorchSharp.torch;

namespace Dmkd.Core.Models;

/// <summary>
/// Folds weights that were trained as a function of other tensors into the weights that the network computes with:
/// weight normalisation, spectral normalisation and pruning, under their names in PyTorch. Folding gives the values of
/// evaluation mode; whatever else is in the place of a weight stays as it is, and is then reported as unexpected.
/// </summary>
internal static class Reparametrisation
{
    private const string Parametrizations = ".parametrizations.";

    /// <summary>Each form: the endings that belong together, the first of them the one that is looked for.</summary>
    private static readonly Form[] Forms =
    [
        new("{0}_v", ["{0}_v", "{0}_g"], WeightNorm),
        new("{p}.original1", ["{p}.original1", "{p}.original0"], WeightNorm),
        new("{0}_mask", ["{0}_orig", "{0}_mask"], Masked),
        new("{0}_u", ["{0}_orig", "{0}_u", "{0}_v"], SpectralNorm),
        new("{p}.0._u", ["{p}.original", "{p}.0._u", "{p}.0._v"], SpectralNorm),
    ];

    /// <summary>Folds all that can be folded.</summary>
    /// <param name="tensors">Tensors by the checkpoint's names. Borrowed.</param>
    /// <returns>The same dictionary when there is nothing to fold; else one with the folded tensors, which belong to the
    /// caller's dispose scope, in the place of their parts.</returns>
    public static IReadOnlyDictionary<string, Tensor> Fold(IReadOnlyDictionary<string, Tensor> tensors)
    {
        OrderedDictionary<string, Tensor>? folded = null;
        foreach (string name in tensors.Keys)
        {
            if (FormOf(name, tensors) is not var (form, weight))
                continue;
            string[] parts = form.PartsOf(weight);
            if (form.Compute([.. parts.Select(part => tensors[part])]) is not { } value)
                continue;
            folded ??= new OrderedDictionary<string, Tensor>(tensors, StringComparer.Ordinal);
            foreach (string part in parts)
                folded.Remove(part);
            folded[weight] = value;
        }

        return folded ?? tensors;
    }

    private static (Form Form, string Weight)? FormOf(string name, IReadOnlyDictionary<string, Tensor> tensors)
    {
        foreach (var form in Forms)
            if (form.WeightOf(name) is { } weight && form.PartsOf(weight).All(tensors.ContainsKey))
                return (form, weight);
        return null;
    }

    /// <summary><c>g · v / |v|</c>, with a norm over all axes but the one that g has, or over all.</summary>
    private static Tensor? WeightNorm(Tensor[] parts)
    {
        var (direction, size) = (parts[0], parts[1]);
        if (!direction.is_floating_point() || !size.is_floating_point())
            return null;
        if (size.numel() == 1 && size.shape.Length == 0)
            return direction * (size / direction.norm());
        if (size.shape.Length != direction.shape.Length)
            return null;
        long[] axes =
        [
            .. Enumerable.Range(0, size.shape.Length).Where(axis => size.shape[axis] == 1).Select(axis => (long)axis),
        ];
        bool fits = size.shape.Zip(direction.shape).All(pair => pair.First == pair.Second || pair.First == 1);
        if (!fits || size.shape.Length - axes.Length > 1)
            return null;
        return direction * (size / direction.pow(2).sum(axes, keepdim: true).sqrt());
    }

    /// <summary>What pruning leaves.</summary>
    private static Tensor? Masked(Tensor[] parts) =>
        parts[0].shape.AsSpan().SequenceEqual(parts[1].shape) && parts[0].is_floating_point()
            ? parts[0] * parts[1].to(parts[0].dtype)
            : null;

    /// <summary><c>W / (uᵀ W v)</c>, the matrix W with a row for each output.</summary>
    private static Tensor? SpectralNorm(Tensor[] parts)
    {
        var (weight, left, right) = (parts[0], parts[1], parts[2]);
        if (!weight.is_floating_point() || weight.shape.Length < 2)
            return null;
        var matrix = weight.flatten(1);
        bool fits = left.numel() == matrix.shape[0] && right.numel() == matrix.shape[1];
        return fits ? weight / left.flatten().dot(matrix.mv(right.flatten())) : null;
    }

    /// <summary>A way to write a weight.</summary>
    /// <param name="Ending">Pattern of the name that shows it.</param>
    /// <param name="Parts">Patterns of the names of its parts.</param>
    /// <param name="Compute">From the parts to the weight; null when they do not fit each other.</param>
    private sealed record Form(string Ending, string[] Parts, Func<Tensor[], Tensor?> Compute)
    {
        private bool IsParametrization => Ending.StartsWith("{p}", StringComparison.Ordinal);

        /// <summary>The weight whose part has a name, or null when it is no such part.</summary>
        public string? WeightOf(string name)
        {
            string ending = Ending[3..];
            if (!name.EndsWith(ending, StringComparison.Ordinal))
                return null;
            string start = name[..^ending.Length];
            if (!IsParametrization)
                return start;
            int at = start.LastIndexOf(Parametrizations, StringComparison.Ordinal);
            return at < 0 ? null : $"{start[..at]}.{start[(at + Parametrizations.Length)..]}";
        }

        /// <summary>Names of a weight's parts.</summary>
        public string[] PartsOf(string weight)
        {
            int dot = weight.LastIndexOf('.');
            string place = IsParametrization
                ? string.Concat(weight.AsSpan(0, Math.Max(dot, 0)), Parametrizations, weight.AsSpan(dot + 1))
                : weight;
            return [.. Parts.Select(part => place + part[3..])];
        }
    }
}
