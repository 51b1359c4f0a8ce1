namespace Dmkd.Core.Merging.Rules;

/// <summary>
/// Weights of a linear rule: the merged update is <c>(Σ_n w_n ΔW_n) / divisor</c>. Kept as a fraction, because dividing once at the
/// end rounds less than dividing every weight, and leaves the mean of equal updates exact.
/// </summary>
/// <param name="Trained">The <c>w_n</c> of the tensors that are trained, in the updates' order.</param>
/// <param name="Statistics">The <c>w_n</c> of batch norm's running statistics, in the updates' order.</param>
/// <param name="Divisor">Positive.</param>
public sealed record LinearWeights(IReadOnlyList<double> Trained, IReadOnlyList<double> Statistics, double Divisor)
{
    /// <summary>The <c>w_n</c> of a tensor.</summary>
    /// <param name="name">Name of the weight, such as <c>conv1.weight</c>.</param>
    public IReadOnlyList<double> For(string name) => RunningStatistics.Contains(name) ? Statistics : Trained;
}
