using static TorchSharp.torch;

namespace Dmkd.Core.Specialization;

/// <summary>How sure an expert is of its answers: the specialization metric <c>H_k</c> (proposal 3.3), low where it knows the data.</summary>
public static class EntropyMetric
{
    /// <summary>Sums the entropies of predictions, in float64, with <c>0 ln 0 = 0</c>.</summary>
    /// <param name="probabilities">Shape [inputs, classes], rows that sum to 1. Borrowed.</param>
    /// <returns>Sum and number of inputs; its mean is <c>H_k</c>.</returns>
    /// <exception cref="ArgumentException">The tensor has another number of axes, or a value that is no probability.</exception>
    public static EntropySum Sum(Tensor probabilities)
    {
        ArgumentNullException.ThrowIfNull(probabilities);
        if (probabilities.dim() != 2)
            throw new ArgumentException($"probabilities must have 2 axes, [inputs, classes]; they have {probabilities.dim()}.", nameof(probabilities));
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        // entr(p) is -p ln p, 0 at 0, and minus infinity below, so a bad value cannot hide in the sum.
        double total = special.entr(probabilities.detach().to(ScalarType.Float64)).sum().item<double>();
        if (!double.IsFinite(total))
            throw new ArgumentException($"probabilities must be in [0, 1]; their entropy is {total}.", nameof(probabilities));
        return new EntropySum(total, probabilities.shape[0]);
    }
}
