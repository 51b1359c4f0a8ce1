using Dmkd.Chaos.Simulation;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Grains.Runs.Rounds;

namespace Dmkd.Grains.Tests.Rules;

/// <summary>
/// Whole runs under thousands of draws of lost, late, repeated and reordered messages, deaths, restarts, freezes, stops,
/// failing writes and stores.
/// </summary>
public sealed class SimulationTests
{
    [Fact]
    public void Simulate_AThousandSeeds_FindsNothing()
    {
        var result = SimulateCommand.Run(first: 1, count: 1_000);
        Assert.True(
            result.Violations == 0,
            string.Join(
                '\n',
                result.Details.Take(5).Select(entry => $"seed {entry.Seed}: {string.Join("; ", entry.Violations)}")
            )
        );
    }

    [Fact]
    public void Simulate_PreservationsOfThreeHundredSeeds_FindsNothing()
    {
        var result = SimulateCommand.Run(first: 1, count: 300, preservations: true);
        Assert.True(
            result.Violations == 0,
            string.Join('\n', result.Details.Take(5).Select(entry => $"seed {entry.Seed}: {entry.Violations[0]}"))
        );
    }

    [Theory]
    [InlineData(64)]
    [InlineData(307)]
    public void Simulate_PreservationWhoseSiloDiedBeforeItCouldTellTheEnd_IsCompleteInTheDirectory(int seed) =>
        Assert.Empty(PreservationInspection.Inspect(seed).Violations);

    [Fact]
    public void Simulate_PreservationWhoseLegacyModelIsLost_FailsAndSaysSoUntilItIsImported()
    {
        var scenario = PreservationScenario.Draw(1) with { Faults = Faults.None, IsLegacyLost = true };
        var preservation = new SimulatedPreservation(scenario, isDisturbed: true);
        Assert.True(preservation.RunToEnd(TimeSpan.FromHours(3)), preservation.Describe());
        Assert.Contains(preservation.State.Events, entry => entry is RunFailed);
        Assert.Empty(preservation.Journal.Violations);
    }

    [Fact]
    public void Simulate_APreservationThatIsSetBack_IsCaught()
    {
        // The watch itself must be able to fail: a cursor that goes back is told.
        var scenario = PreservationScenario.Draw(1) with
        {
            Faults = Faults.None,
        };
        var preservation = new SimulatedPreservation(scenario, isDisturbed: false);
        var watch = new PreservationWatch(preservation);
        Assert.True(preservation.RunToEnd(TimeSpan.FromHours(3)), preservation.Describe());
        Assert.Empty(watch.Violations);
        preservation.SetBack();
        Assert.NotEmpty(watch.Violations);
    }

    [Fact]
    public void Simulate_OneSeedTwice_TakesTheSameSteps()
    {
        // A seed that replays is worth something only if it takes the same way: faults, and every step up to the end.
        var scenario = Scenario.Draw(14);
        long[] steps =
        [
            .. Enumerable
                .Range(0, 2)
                .Select(_ =>
                {
                    var cluster = new SimulatedCluster(scenario, isDisturbed: true);
                    Assert.True(cluster.RunToEnd(TimeSpan.FromHours(3)));
                    return cluster.World.Steps;
                }),
        ];
        Assert.Equal(steps[0], steps[1]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Simulate_ANodeThatFreezesForGood_DelaysNoRoundBeyondItsDeadline(int seed)
    {
        const int Frozen = 1;
        var settings = Scenario.Draw(seed).Settings with
        {
            Participation = Scenario.Draw(seed).Settings.Participation with
            {
                Nodes = 4,
                Quorum = 0.5,
                Holders = 0,
                Share = 1,
                RoundDeadline = TimeSpan.FromMinutes(5),
                ShortestWait = TimeSpan.FromSeconds(20),
            },
            Training = Scenario.Draw(seed).Settings.Training with { Rounds = 6 },
            Merging = new MergingSettings(),
            Legacy = new() { Tasks = 0 },
            Tasks = 1,
        };
        var cluster = new SimulatedCluster(
            new Scenario(seed, settings, Faults.None, [1, 1, 1, 1], WaitsForAll: false, BadMerges: 0, Moves: false),
            isDisturbed: false
        );
        cluster.FreezeForGood(Frozen, TimeSpan.FromSeconds(1.5)); // in the middle of its first training

        Assert.True(cluster.RunToEnd(TimeSpan.FromHours(3), RunPhase.Specialize), cluster.Describe());
        var merged = cluster.Versions.Skip(1).ToArray();
        Assert.Equal(settings.Training.Rounds, merged.Length);
        Assert.All(
            merged,
            version =>
                Assert.DoesNotContain(
                    version.Contributions,
                    contribution => contribution.NodeId == RunRules.NodeKey(SimulatedCluster.RunId, Frozen)
                )
        );
        var ends = merged.Select(version => version.CreatedAt).Prepend(DateTimeOffset.UnixEpoch).ToArray();
        var mergeTime = TimeSpan.FromSeconds(10); // the merge itself, and the driver's looks
        Assert.All(
            ends.Zip(ends.Skip(1)),
            pair =>
                Assert.InRange(
                    pair.Second - pair.First,
                    TimeSpan.Zero,
                    settings.Participation.RoundDeadline + mergeTime
                )
        );
        // Once it is known to be silent, it is not even waited for so long.
        Assert.All(
            ends.Skip(1).Zip(ends.Skip(2)),
            pair =>
                Assert.InRange(
                    pair.Second - pair.First,
                    TimeSpan.Zero,
                    settings.Participation.ShortestWait + TimeSpan.FromMinutes(1)
                )
        );
    }

    [Fact]
    public void Simulate_AProtocolThatCountsTwice_IsCaught()
    {
        // The inspection itself must be able to fail: a version that holds an update twice is told.
        var scenario = Scenario.Draw(1) with
        {
            Faults = Faults.None,
        };
        var cluster = new SimulatedCluster(scenario, isDisturbed: false);
        Assert.True(cluster.RunToEnd(TimeSpan.FromHours(3)));
        Assert.Empty(Inspection.Chain(cluster));
        cluster.CountTwice();
        Assert.Contains(
            Inspection.Chain(cluster),
            violation => violation.Contains("counts an update twice", StringComparison.Ordinal)
        );
    }
}
