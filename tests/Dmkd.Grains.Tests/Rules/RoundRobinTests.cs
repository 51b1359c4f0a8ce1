using Dmkd.Hosting.Placement;

namespace Dmkd.Grains.Tests.Rules;

public sealed class RoundRobinTests
{
    [Theory]
    [InlineData("")]
    [InlineData("@cuda")]
    public void Of_NodesOfARun_FollowOneAnother(string need)
    {
        int[] turns = [.. Enumerable.Range(1, 6).Select(node => RoundRobin.SiloOf($"a/run/node-{node}{need}", 3))];
        Assert.Equal(Enumerable.Range(0, 6).Select(i => (turns[0] + i) % 3), turns);
    }

    [Fact]
    public void Of_FirstNodesOfManyRuns_MeetOnNoSilo()
    {
        const int Runs = 300,
            Silos = 3;
        var counts = Enumerable.Range(0, Runs).CountBy(run => RoundRobin.SiloOf($"run-{run}/node-1", Silos)).ToArray();
        Assert.Equal(Silos, counts.Length);
        Assert.All(counts, count => Assert.InRange(count.Value, 70, 130));
    }

    [Theory]
    [InlineData("somebody")]
    [InlineData("run/node-x")]
    [InlineData("run/node-99999999999")]
    public void Of_KeyWithoutANumber_IsASilo(string key) => Assert.InRange(RoundRobin.SiloOf(key, 3), 0, 2);
}
