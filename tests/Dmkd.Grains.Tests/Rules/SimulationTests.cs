using Dmkd.Chaos.Simulation;

namespace Dmkd.Grains.Tests.Rules;

/// <summary>The round protocol under ten thousand draws of lost, late, repeated and reordered messages, deaths, freezes and failing writes.</summary>
public sealed class SimulationTests
{
    [Fact]
    public void Simulate_TenThousandSeeds_FindsNothing()
    {
        var result = SimulateCommand.Run(first: 1, count: 10_000);
        Assert.True(
            result.Violations == 0,
            string.Join('\n', result.Details.Take(5).Select(entry => $"seed {entry.Seed}: {string.Join("; ", entry.Violations)}")));
    }

    [Fact]
    public void Simulate_OneSeedTwice_TakesTheSameSteps()
    {
        // A seed that replays is worth something only if it takes the same way: faults, and every step up to the end.
        var scenario = Scenario.Draw(14);
        long[] steps = [.. Enumerable.Range(0, 2).Select(_ =>
        {
            var cluster = new SimulatedCluster(scenario, isDisturbed: true);
            Assert.True(cluster.RunToEnd(TimeSpan.FromHours(3)));
            return cluster.World.Steps;
        })];
        Assert.Equal(steps[0], steps[1]);
    }

    [Fact]
    public void Simulate_AProtocolThatCountsTwice_IsCaught()
    {
        // The inspection itself must be able to fail: a version that holds an update twice is told.
        var scenario = Scenario.Draw(1) with { Faults = Faults.None };
        var cluster = new SimulatedCluster(scenario, isDisturbed: false);
        Assert.True(cluster.RunToEnd(TimeSpan.FromHours(3)));
        Assert.Empty(Inspection.Chain(cluster));
        cluster.CountTwice();
        Assert.Contains(Inspection.Chain(cluster), violation => violation.Contains("counts an update twice", StringComparison.Ordinal));
    }
}
