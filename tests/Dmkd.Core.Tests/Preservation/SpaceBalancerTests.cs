using Dmkd.Core.Preservation;

namespace Dmkd.Core.Tests.Preservation;

public sealed class SpaceBalancerTests
{
    [Fact]
    public void Balance_LopsidedClusters_DealsEverySpaceOutEvenly()
    {
        string[] spaces = [.. Enumerable.Repeat("a", 5), .. Enumerable.Repeat("b", 4)];
        double[][] points =
        [
            [0.0],
            [0.1],
            [0.2],
            [0.3],
            [1.0],
            [0.0],
            [0.4],
            [0.2],
            [0.1],
        ];
        int[] labels = [0, 0, 0, 0, 1, 0, 0, 0, 0];
        int[] balanced = SpaceBalancer.Balance(spaces, points, labels, 2);
        Assert.Equal(0, balanced[0]);
        Assert.Equal(1, balanced[4]);
        Assert.InRange(balanced.Take(5).Count(cluster => cluster == 1), 2, 3);
        // Of space b the two units nearest to the centre of cluster 1 go there.
        Assert.Equal([0, 1, 1, 0], balanced.Skip(5));
    }

    [Fact]
    public void Balance_ManySmallSpaces_GivesLeftOverUnitsInTurn()
    {
        string[] spaces = ["a", "b", "c", "d", "e", "f"];
        double[][] points = [.. spaces.Select((_, i) => (double[])[i])];
        int[] balanced = SpaceBalancer.Balance(spaces, points, [0, 0, 0, 1, 1, 1], 3);
        Assert.All(Enumerable.Range(0, 3), cluster => Assert.Equal(2, balanced.Count(own => own == cluster)));
    }
}
