using Dmkd.Experiments.Learners;
using static TorchSharp.torch;

namespace Dmkd.Experiments.Tests.Methods.Replay;

public sealed class DarkExperienceReplayTests
{
    [Fact]
    public void ReplayLoss_TwoDraws_IsMeanSquareOfOneAndCrossEntropyOfTheOther()
    {
        using var scope = NewDisposeScope();
        var loss = DarkExperienceReplay.ReplayLoss(
            tensor([1.0, 2, 0, -1]).view(2, 2),
            tensor([0.0, 2, 3, -1]).view(2, 2),
            tensor([0.0, Math.Log(3), 0, 0]).view(2, 2),
            tensor([1L, 0L]),
            alpha: 0.1,
            beta: 0.5
        );
        double meanSquare = (1 + 0 + 9 + 0) / 4.0,
            crossEntropy = (-Math.Log(0.75) - Math.Log(0.5)) / 2;
        Assert.Equal(0.1 * meanSquare + 0.5 * crossEntropy, loss.item<double>(), 1e-12);
    }
}
