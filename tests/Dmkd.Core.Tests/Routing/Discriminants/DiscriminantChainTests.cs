using Dmkd.Core.Routing.Discriminants;

namespace Dmkd.Core.Tests.Routing.Discriminants;

public sealed class DiscriminantChainTests
{
    [Fact]
    public void LogShares_OneExpert_IsCertain() =>
        Assert.Equal(
            [
                [0.0, 0.0],
            ],
            DiscriminantChain.LogShares([new([0, 1], [0, 1], [1, 2, 3, 4])], batch: 2)
        );

    [Fact]
    public void LogShares_TwoExperts_AreTheFirstOnesProbabilities()
    {
        // The second discriminant does not know class 0, so only the first is asked: p(first) = e^1 / (e^1 + e^0 +
        // e^0).
        double p = Math.E / (Math.E + 2);
        double[][] shares = DiscriminantChain.LogShares(
            [new([0], [0, 1, 2], [1, 0, 0]), new([1, 2], [1, 2], [5, -5])],
            batch: 1
        );
        Assert.Equal(Math.Log(p), shares[0][0], 1e-12);
        Assert.Equal(Math.Log(1 - p), shares[1][0], 1e-12);
    }

    [Fact]
    public void LogShares_ThreeExperts_PoolTwoDiscriminantsAtTheSecondStep()
    {
        DiscriminantView[] experts = [new([0], [0, 1, 2], [0, 2, 1]), new([1], [1, 2], [3, 0]), new([2], [2], [0])];
        double[][] shares = DiscriminantChain.LogShares(experts, batch: 1);
        double first = 1 / (1 + Math.Exp(2) + Math.E);
        // ln p(1) - ln p(2) is 1 by the first discriminant and 3 by the second: (1 + 3) / √2 together.
        double second = 1 / (1 + Math.Exp(-4 / Math.Sqrt(2)));
        Assert.Equal(Math.Log(first), shares[0][0], 1e-12);
        Assert.Equal(Math.Log((1 - first) * second), shares[1][0], 1e-12);
        Assert.Equal(Math.Log((1 - first) * (1 - second)), shares[2][0], 1e-12);
    }

    [Fact]
    public void LogShares_DiscriminantThatLacksAClass_IsNotAsked()
    {
        double[][] shares = DiscriminantChain.LogShares([new([0], [0], [9]), new([1, 2], [1, 2], [0, 0])], batch: 1);
        Assert.Equal(Math.Log(1 / 3.0), shares[0][0], 1e-12); // one class of three, for all that is known
    }

    [Fact]
    public void LogShares_CertainFirstTask_LeavesLaterOnesFinite() =>
        Assert.All(
            DiscriminantChain.LogShares([new([0], [0, 1], [1e6, 0]), new([1], [1], [0])], batch: 1),
            own => Assert.True(double.IsFinite(own[0]))
        );
}
