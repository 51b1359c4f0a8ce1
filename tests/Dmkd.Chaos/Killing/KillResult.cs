using System.Text.Json.Serialization;

namespace Dmkd.Chaos.Killing;

/// <summary>What a cluster did under kills and freezes.</summary>
/// <param name="Kills">Silos killed or frozen.</param>
/// <param name="Lost">Accepted updates that are in no version.</param>
/// <param name="DoubleCounted">Updates that count more than once.</param>
/// <param name="Hung">Faults after which the run took no step within the bound.</param>
/// <param name="RecoveryP50Seconds">Median time from a fault to the next step of the run.</param>
/// <param name="RecoveryP99Seconds">99th percentile of the same.</param>
/// <param name="Versions">Versions published.</param>
/// <param name="Accepted">Updates accepted.</param>
/// <param name="WrongWeights">Versions whose weights are not exactly as computed by hand.</param>
/// <param name="Freezes">How many of the kills were freezes.</param>
/// <param name="Terminations">How many of the kills were SIGTERM.</param>
/// <param name="Phases">Kills by the phase that the run was in.</param>
/// <param name="Compared">Runs that waited for all nodes, and were compared with an undisturbed one.</param>
/// <param name="Differing">How many of those came to something else: digests, metrics, entropies, gate or
/// accuracies.</param>
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
    int Terminations,
    IReadOnlyDictionary<string, int> Phases,
    int Compared,
    int Differing,
    [property: JsonIgnore] IReadOnlyList<double> RecoverySeconds
)
{
    /// <summary>Whether nothing is wrong.</summary>
    [JsonIgnore]
    public bool IsClean => this is { Lost: 0, DoubleCounted: 0, Hung: 0, WrongWeights: 0, Differing: 0 };
}
