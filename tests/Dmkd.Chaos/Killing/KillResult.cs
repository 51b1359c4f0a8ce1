using System.Text.Json.Serialization;

namespace Dmkd.Chaos.Killing;

/// <summary>What a cluster did under kills and freezes.</summary>
/// <param name="Kills">Silos killed or frozen.</param>
/// <param name="Lost">Accepted updates that are in no version.</param>
/// <param name="DoubleCounted">Updates that count more than once.</param>
/// <param name="Hung">Faults after which no version was published within the bound.</param>
/// <param name="RecoveryP50Seconds">Median time from a fault to the next version.</param>
/// <param name="RecoveryP99Seconds">99th percentile of the same.</param>
/// <param name="Versions">Versions published.</param>
/// <param name="Accepted">Updates accepted.</param>
/// <param name="WrongWeights">Versions whose weights are not exactly as computed by hand.</param>
/// <param name="Freezes">How many of the kills were freezes.</param>
/// <param name="RecoverySeconds">All recovery times.</param>
internal sealed record KillResult(
    int Kills,
    int Lost,
    int DoubleCounted,
    int Hung,
    double RecoveryP50Seconds,
    double RecoveryP99Seconds,
    int Versions,
    int Accepted,
    int WrongWeights,
    int Freezes,
    [property: JsonIgnore] IReadOnlyList<double> RecoverySeconds
);
