namespace Dmkd.Core.Routing;

/// <summary>Prediction of one input.</summary>
/// <param name="ClassIndex">The most probable class.</param>
/// <param name="Probability">Its probability among the candidates, in [0, 1].</param>
/// <param name="Experts">Index and p_k(x) of the experts that answered, most probable first.</param>
public sealed record RoutedClass(int ClassIndex, double Probability, IReadOnlyList<(int Expert, double Probability)> Experts);
