using System.Text.Json.Serialization;

namespace Dmkd.Chaos.Simulation;

/// <summary>What many seeds did.</summary>
/// <param name="Seeds">Number of seeds.</param>
/// <param name="Violations">Number of violations, over all seeds.</param>
/// <param name="FailingSeeds">Seeds with a violation.</param>
/// <param name="SeedsPerSecond">Speed.</param>
/// <param name="Details">Violations of the failing seeds.</param>
internal sealed record SimulationResult(
    int Seeds,
    int Violations,
    int[] FailingSeeds,
    double SeedsPerSecond,
    [property: JsonIgnore] IReadOnlyList<(int Seed, IReadOnlyList<string> Violations)> Details
);
