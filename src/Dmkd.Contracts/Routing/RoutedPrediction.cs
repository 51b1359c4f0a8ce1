namespace Dmkd.Contracts.Routing;

/// <summary>Prediction of one image.</summary>
/// <param name="ClassIndex">The data set's index of the most probable class.</param>
/// <param name="ClassName">Its name.</param>
/// <param name="Probability">Its probability among the candidates, in [0, 1].</param>
/// <param name="Experts">The experts that answered, most probable first.</param>
[GenerateSerializer, Immutable, Alias("dmkd.RoutedPrediction")]
public sealed record RoutedPrediction(
    [property: Id(0)] int ClassIndex, [property: Id(1)] string ClassName, [property: Id(2)] double Probability,
    [property: Id(3)] ExpertShare[] Experts);
