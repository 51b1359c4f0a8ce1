using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dmkd.Core.Models;

/// <summary>
/// How the same weight is called in different repositories. Add a repository's habits to these tables.
/// </summary>
internal static class WeightNames
{
    /// <summary>
    /// Names that wrappers put before every weight: DataParallel, Lightning, torch.compile and trainers.
    /// </summary>
    private static readonly string[] Wrappers = ["module", "model", "net", "backbone", "_orig_mod"];

    /// <summary>Names of the last linear layer, as the first part of a name.</summary>
    private static readonly string[] Heads = ["fc", "linear", "classifier", "head"];

    /// <summary>
    /// Names of a residual block's projection, as any part of a name: torchvision, CIFAR repositories.
    /// </summary>
    private static readonly string[] Shortcuts = ["downsample", "shortcut"];

    /// <summary>
    /// Last parts of tensors that are no weights: a counter of batch normalisation, and what a FLOP counter leaves.
    /// </summary>
    private static readonly string[] Ignored = ["num_batches_tracked", "total_ops", "total_params"];

    /// <summary>Whether a tensor is no weight.</summary>
    public static bool IsIgnored(string name) => Ignored.Contains(name[(name.LastIndexOf('.') + 1)..]);

    /// <summary>Takes wrappers off the front of a name.</summary>
    /// <param name="name">Name in the checkpoint.</param>
    /// <param name="own">First parts of the architecture's own names; these are no wrappers.</param>
    public static string Unwrap(string name, IReadOnlySet<string> own)
    {
        while (FirstPart(name) is { } first && Wrappers.Contains(first) && !own.Contains(first))
            name = name[(first.Length + 1)..];
        return name;
    }

    /// <summary>The part before the first dot, or null when there is no dot.</summary>
    public static string? FirstPart(string name) =>
        name.IndexOf('.', StringComparison.Ordinal) is >= 0 and var dot ? name[..dot] : null;

    /// <summary>A spelling that is the same for all synonyms.</summary>
    public static string Canonical(string name)
    {
        string[] parts = name.Split('.');
        if (parts.Length == 2 && Heads.Contains(parts[0]))
            parts[0] = Heads[0];
        for (int i = 0; i < parts.Length; i++)
            if (Shortcuts.Contains(parts[i]))
                parts[i] = Shortcuts[0];
        return string.Join('.', parts);
    }
}

/// <summary>Seeded initial weights: TorchSharp's own initialisers draw from the global generator.</summary>
internal static class WeightInitialisation
{
    /// <summary>He initialisation for ReLU: normal with variance 2 / fan-in.</summary>
    /// <param name="weight">Shape [out, in, ...]. Overwritten.</param>
    /// <param name="generator">Source of the values. Borrowed: its state advances.</param>
    public static void KaimingNormal(Tensor weight, Generator generator)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        double fanIn = (double)weight.numel() / weight.shape[0];
        weight.copy_(randn(weight.shape, generator: generator) * Math.Sqrt(2 / fanIn));
    }

    /// <summary>Uniform weights and biases in ±1/√inputs.</summary>
    public static void Linear(Linear layer, Generator generator)
    {
        double bound = 1 / Math.Sqrt(layer.in_features);
        Uniform(layer.weight, bound, generator);
        if (layer.bias is { } bias)
            Uniform(bias, bound, generator);
    }

    /// <summary>
    /// A parameter of small normal values, the Vision Transformer's start. Owned by whoever registers it, not by a
    /// scope.
    /// </summary>
    public static Parameter Embedding(long[] shape, Generator generator)
    {
        using var scope = NewDisposeScope();
        Parameter parameter = new(randn(shape, generator: generator) * 0.02);
        parameter.DetachFromDisposeScope();
        return parameter;
    }

    private static void Uniform(Tensor target, double bound, Generator generator)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        target.copy_(rand(target.shape, generator: generator) * (2 * bound) - bound);
    }
}
