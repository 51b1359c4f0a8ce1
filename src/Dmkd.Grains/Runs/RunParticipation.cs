using Dmkd.Contracts.Runs;
using Dmkd.Core;
using Dmkd.Data;

namespace Dmkd.Grains.Runs;

/// <summary>Which nodes hold a module, take part in a round and are waited for.</summary>
internal static class RunParticipation
{
    /// <summary>A node that has missed so many rounds in a row is not waited for; it counts when it comes in time.</summary>
    private const int MostMissed = 2;

    /// <summary>Nodes that hold a task's module, ascending: all of them, or as many as asked for, drawn for each task.</summary>
    public static int[] HoldersOf(RunSettings settings, int task)
    {
        int[] all = [.. Enumerable.Range(0, settings.Participation.Nodes)];
        return settings.Participation.Holders == 0 ? all : Draw(all, settings.Participation.Holders, SeedSequence.Derive(settings.Seed, SeedPurpose.Holders, task));
    }

    /// <summary>Begins a round: who takes part is decided and stored before anybody is asked.</summary>
    public static void BeginRound(TrainingRunState state)
    {
        var settings = state.Settings!;
        int[] present = [.. HoldersOf(settings, state.Task).Where(node => !state.Absent.Contains(node))];
        int count = (int)Math.Ceiling(settings.Participation.Share * present.Length);
        // Between merges the same nodes train on: a draw is for all rounds up to the next merge.
        int merge = state.Round / settings.Merging.MergeEvery;
        state.Participants = settings.Participation.Share >= 1 ? present : Draw(present, count, SeedSequence.Derive(settings.Seed, SeedPurpose.Participants, state.Task, merge));
        state.Attempts = 0;
    }

    /// <summary>Participants that are waited for: those who did not miss the last rounds; all when all did.</summary>
    public static int[] Expected(TrainingRunState state)
    {
        int[] expected = [.. state.Participants.Where(node => state.Missed.GetValueOrDefault(node) < MostMissed)];
        return expected.Length > 0 ? expected : state.Participants;
    }

    private static int[] Draw(int[] from, int count, int seed)
    {
        int[] drawn = [.. from];
        new Random(seed).Shuffle(drawn);
        return [.. drawn.Take(count).Order()];
    }
}
