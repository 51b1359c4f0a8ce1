using Dmkd.Contracts.Runs;

namespace Dmkd.Chaos.Killing;

/// <summary>What is done to a silo.</summary>
internal enum KillKind
{
    /// <summary>kill -9.</summary>
    Kill,

    /// <summary>SIGTERM.</summary>
    Terminate,

    /// <summary>SIGSTOP, and SIGCONT after a while.</summary>
    Freeze,
}

/// <summary>A fault to come.</summary>
/// <param name="Phase">The phase that the run is to be in.</param>
/// <param name="Kind">What is done.</param>
/// <param name="Silo">Whom, from 0.</param>
internal sealed record PlannedKill(RunPhase Phase, KillKind Kind, int Silo);

/// <summary>Faults in the order in which they come.</summary>
internal static class KillPlan
{
    /// <summary>Phases in which silos are killed, one after the other.</summary>
    public static IReadOnlyList<RunPhase> Phases { get; } =
    [RunPhase.Train, RunPhase.Specialize, RunPhase.Calibrate, RunPhase.Evaluate, RunPhase.Merge, RunPhase.Assign];

    /// <summary>Draws kinds and victims; the phases take turns.</summary>
    public static IEnumerable<PlannedKill> Draw(int seed, int count, int silos)
    {
        var random = new Random(seed);
        var kinds = Enum.GetValues<KillKind>();
        for (int fault = 0; fault < count; fault++)
            yield return new PlannedKill(
                Phases[fault % Phases.Count],
                kinds[random.Next(kinds.Length)],
                random.Next(silos)
            );
    }
}
