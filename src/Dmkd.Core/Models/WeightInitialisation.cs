using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dmkd.Core.Models;

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
