using Dmkd.Core.Modules;
using static TorchSharp.torch;

namespace Dmkd.Core.Merging;

/// <summary>Names and shapes that the weights of one module share.</summary>
internal static class WeightSchema
{
    /// <summary>Compares names and shapes.</summary>
    /// <param name="expected">The module's weights. Borrowed.</param>
    /// <param name="actual">The weights to check. Borrowed.</param>
    /// <param name="what">What messages call them.</param>
    /// <exception cref="ArgumentException">They differ; the message names the first tensor and both shapes.</exception>
    public static void RequireSame(WeightSet expected, WeightSet actual, string what)
    {
        foreach (string name in actual.Keys.Where(name => !expected.ContainsKey(name)))
            throw new ArgumentException($"Tensor '{name}' of {what} is not among the base weights.", what);
        foreach (var (name, tensor) in expected)
        {
            if (!actual.TryGetValue(name, out var other)) throw new ArgumentException($"Tensor '{name}' is missing in {what}.", what);
            if (!tensor.shape.AsSpan().SequenceEqual(other.shape))
                throw new ArgumentException($"Tensor '{name}' of {what} has shape {Text(other.shape)}; the base weights have {Text(tensor.shape)}.", what);
        }
    }

    /// <summary>Refuses infinities and NaN, which decompositions and means would spread silently.</summary>
    /// <exception cref="ArgumentException">A value is not finite.</exception>
    public static void RequireFinite(string name, Tensor tensor, string what)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        if (!tensor.isfinite().all().item<bool>())
            throw new ArgumentException($"Tensor '{name}' of {what} holds a value that is not finite.", what);
    }

    /// <summary>A shape as text.</summary>
    public static string Text(ReadOnlySpan<long> shape) => $"[{string.Join(", ", shape.ToArray())}]";
}
