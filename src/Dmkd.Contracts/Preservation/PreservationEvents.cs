using Dmkd.Contracts.Runs;

namespace Dmkd.Contracts.Preservation;

/// <summary>The legacy model's accuracy is known. The other events of a preservation follow.</summary>
/// <param name="Source">Name of the file it came from.</param>
/// <param name="Accuracy">On the test images, in [0, 1].</param>
/// <param name="TestImages">Test images.</param>
[GenerateSerializer, Immutable, Alias("dmkd.LegacyMeasured")]
public sealed record LegacyMeasured(
    [property: Id(0)] string Source,
    [property: Id(1)] double Accuracy,
    [property: Id(2)] int TestImages
) : RunEvent;

/// <summary>A surrogate that can be cut was distilled from a TorchScript program.</summary>
/// <param name="Architecture">Text form of its architecture.</param>
/// <param name="Accuracy">On the test images, in [0, 1].</param>
/// <param name="Steps">Steps of the distillation.</param>
/// <param name="Source">Name of the program's file.</param>
[GenerateSerializer, Immutable, Alias("dmkd.SurrogateDistilled")]
public sealed record SurrogateDistilled(
    [property: Id(0)] string Architecture,
    [property: Id(1)] double Accuracy,
    [property: Id(2)] int Steps,
    [property: Id(3)] string Source
) : RunEvent;

/// <summary>A module was cut out of the legacy model.</summary>
/// <param name="Module">Its name.</param>
/// <param name="Classes">Number of its classes.</param>
/// <param name="Parameters">Trainable values.</param>
/// <param name="MultiplyAddsShare">Its multiply-adds as a share of the legacy model's.</param>
/// <param name="ImportanceShare">Share of the legacy model's importance that its units carry, in [0, 1].</param>
[GenerateSerializer, Immutable, Alias("dmkd.ModuleCut")]
public sealed record ModuleCut(
    [property: Id(0)] string Module,
    [property: Id(1)] int Classes,
    [property: Id(2)] long Parameters,
    [property: Id(3)] double MultiplyAddsShare,
    [property: Id(4)] double ImportanceShare
) : RunEvent;

/// <summary>A module was distilled. Accuracies are on the test images of its classes, in [0, 1].</summary>
/// <param name="Module">Its name.</param>
/// <param name="Before">Accuracy of the cut.</param>
/// <param name="After">Accuracy of the distilled module.</param>
/// <param name="Steps">Steps of the distillation.</param>
/// <param name="Legacy">Accuracy of the legacy model, choosing among these classes alone.</param>
[GenerateSerializer, Immutable, Alias("dmkd.ModuleDistilled")]
public sealed record ModuleDistilled(
    [property: Id(0)] string Module,
    [property: Id(1)] double Before,
    [property: Id(2)] double After,
    [property: Id(3)] int Steps,
    [property: Id(4)] double Legacy
) : RunEvent;

/// <summary>The library was evaluated through its router.</summary>
/// <param name="Result">For one number of experts that answer.</param>
[GenerateSerializer, Immutable, Alias("dmkd.LibraryEvaluated")]
public sealed record LibraryEvaluated([property: Id(0)] RoutedAccuracy Result) : RunEvent;
