using Dmkd.Contracts.Settings;
using Dmkd.Core;
using Dmkd.Data.Seeds;

namespace Dmkd.Grains.Runs.Rounds;

/// <summary>Which nodes hold a module, take part in a round and are waited for.</summary>
internal static class RunParticipation
{
    /// <summary>
    /// A node that has missed so many rounds in a row is not waited for; it counts when it comes in time.
    /// </summary>
    private const int MaxMissed = 2;

    /// <summary>
    /// Nodes that hold a task's module, ascending: all of them, or as many as asked for, drawn for each task.
    /// </summary>
    public static int[] HoldersOf(RunSettings settings, int task)
    {
        if (settings.Library is { } plan)
            return plan.Tasks[task].Nodes; // those who have its classes
        int[] all = [.. Enumerable.Range(0, settings.Participation.Nodes)];
        return settings.Participation.Holders == 0
            ? all
            : Draw(all, settings.Participation.Holders, SeedSequence.Derive(settings.Seed, SeedPurpose.Holders, task));
    }

    /// <summary>Begins a round: who takes part is decided and stored before anybody is asked.</summary>
    public static void BeginRound(TrainingRunState state)
    {
        var settings = state.Settings!;
        int[] present = [.. HoldersOf(settings, state.Task).Where(node => !state.Absent.Contains(node))];
        int count = (int)Math.Ceiling(settings.Participation.Share * present.Length);
        // Between merges the same nodes train on: a draw is for all rounds up to the next merge.
        int merge = state.Round / settings.Merging.MergeEvery;
        int seed = SeedSequence.Derive(settings.Seed, SeedPurpose.Participants, state.Task, merge);
        state.Participants = Draw(present, count, seed);
        state.Attempts = 0;
    }

    /// <summary>Participants that are waited for: those who did not miss the last rounds; all when all did.</summary>
    public static int[] Expected(TrainingRunState state)
    {
        int[] expected = [.. state.Participants.Where(node => state.Missed.GetValueOrDefault(node) < MaxMissed)];
        return expected.Length > 0 ? expected : state.Participants;
    }

    private static int[] Draw(int[] from, int count, int seed)
    {
        int[] drawn = [.. from];
        new Random(seed).Shuffle(drawn);
        return [.. drawn.Take(count).Order()];
    }
}

/// <summary>
/// How long a round waits for its nodes: the median of past arrivals plus k times their median absolute deviation,
/// between two limits. A node that never came counts as having come after twice the wait, so that a deadline that was
/// too short grows.
/// </summary>
internal static class AdaptiveDeadline
{
    /// <summary>Arrivals that are remembered.</summary>
    public const int Memory = 64;

    /// <summary>Time from a round's opening to its deadline.</summary>
    /// <param name="arrivals">Seconds that updates took in earlier rounds, in any order.</param>
    /// <param name="shortest">The least to wait.</param>
    /// <param name="longest">The most to wait, and what is waited without any arrival; at least
    /// <paramref name="shortest"/>.</param>
    /// <param name="spread">The factor k, at least 0.</param>
    public static TimeSpan Wait(
        IReadOnlyCollection<double> arrivals,
        TimeSpan shortest,
        TimeSpan longest,
        double spread
    )
    {
        if (arrivals.Count == 0)
            return longest;
        double median = Median(arrivals);
        double deviation = Median([.. arrivals.Select(arrival => Math.Abs(arrival - median))]);
        double seconds = Math.Clamp(median + spread * deviation, shortest.TotalSeconds, longest.TotalSeconds);
        return TimeSpan.FromSeconds(seconds);
    }

    /// <summary>Adds a round's arrivals, and those who never came; the oldest are forgotten.</summary>
    /// <param name="history">Arrivals of earlier rounds, oldest first.</param>
    /// <param name="arrived">Seconds of those who came, in time or late.</param>
    /// <param name="absent">Number of those who were waited for and never came.</param>
    /// <param name="waited">How long the round waited at most.</param>
    public static List<double> Extend(
        IEnumerable<double> history,
        IEnumerable<double> arrived,
        int absent,
        TimeSpan waited
    ) => [.. history.Concat(arrived).Concat(Enumerable.Repeat(2 * waited.TotalSeconds, absent)).TakeLast(Memory)];

    private static double Median(IReadOnlyCollection<double> values)
    {
        double[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
