using Dmkd.Experiments.Learners;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dmkd.Experiments.Tests.Methods.Regularization;

public sealed class QuadraticPenaltyTests
{
    [Fact]
    public void Compute_MovedWeights_IsTheWeightedSquareAndPullsBack()
    {
        using var scope = NewDisposeScope();
        Parameter first = new(tensor([1f, 2f])),
            second = new(tensor([3f]));
        using QuadraticPenalty penalty = new([first, second], [tensor([0.5f, 4f]), tensor([2f])]);
        Assert.Equal(0, penalty.Compute().item<float>());
        using (no_grad())
        {
            first.add_(tensor([2f, -1f]));
            second.add_(3);
        }

        var value = penalty.Compute();
        value.backward();
        Assert.Equal(0.5f * 4 + 4 * 1 + 2 * 9, value.item<float>());
        TestData.Close([2 * 0.5 * 2, 2 * 4 * -1.0], first.grad!, 0);
        TestData.Close([2 * 2 * 3.0], second.grad!, 0);
    }

    [Fact]
    public void Next_DecaysThePast()
    {
        using var scope = NewDisposeScope();
        TestData.Close(
            [0.25 * 8 + 1, 0.25 * 4 + 3],
            OnlineElasticWeightConsolidation.Next(tensor([8f, 4f]), tensor([1f, 3f]), 0.25),
            0
        );
    }

    [Fact]
    public void ComputeAndDispose_LeakNoTensor()
    {
        using var scope = NewDisposeScope();
        Parameter weight = new(tensor([1f, 2f]));
        TestData.AssertNoLeak(() =>
        {
            using QuadraticPenalty penalty = new([weight], [tensor([0.5f, 4f])]);
            penalty.Compute().Dispose();
        });
    }
}
