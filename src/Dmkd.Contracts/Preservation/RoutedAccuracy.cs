namespace Dmkd.Contracts.Preservation;

/// <summary>How well a library answers for a number of experts.</summary>
/// <param name="TopExperts">Experts that answer, the proposal's R.</param>
/// <param name="Accuracy">Accuracy on the test images, in [0, 1].</param>
/// <param name="RightExpert">Share of the test images whose most probable expert knows their class, in [0, 1].</param>
/// <param name="MultiplyAdds">Mean multiply-adds per input, of the gate and the experts that ran.</param>
[GenerateSerializer, Immutable, Alias("dmkd.RoutedAccuracy")]
public readonly record struct RoutedAccuracy(
    [property: Id(0)] int TopExperts, [property: Id(1)] double Accuracy, [property: Id(2)] double RightExpert, [property: Id(3)] double MultiplyAdds);
