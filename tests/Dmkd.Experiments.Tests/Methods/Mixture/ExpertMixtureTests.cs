using Dmkd.Core.Models;
using Dmkd.Experiments.Learners;
using static TorchSharp.torch;

namespace Dmkd.Experiments.Tests.Methods.Mixture;

public sealed class ExpertMixtureTests
{
    [Fact]
    public void Forward_EqualGate_IsTheMeanOfTheExperts()
    {
        using var scope = NewDisposeScope();
        using var mixture = Mixture(2, 2);
        using var noGrad = no_grad();
        var images = Images();
        Network[] experts = [.. mixture.children().OfType<Network>()];
        var expected = (experts[0].forward(images) + experts[1].forward(images)) / 2;
        TestData.Close(TestData.Doubles(expected), mixture.forward(images), 1e-6);
    }

    [Fact]
    public void Forward_OneAsked_IsThatExpertAlone()
    {
        using var scope = NewDisposeScope();
        using var mixture = Mixture(3, 1);
        using var noGrad = no_grad();
        var images = Images();
        mixture.get_parameter("gate.clean.weight")!.copy_(randn([3, 48], generator: new Generator(4UL, CPU)));
        var view = nn.functional.adaptive_avg_pool2d(images, 4).flatten(1);
        double[] chosen = TestData.Doubles(
            nn.functional.linear(view, mixture.get_parameter("gate.clean.weight")!).argmax(1)
        );
        Network[] experts = [.. mixture.children().OfType<Network>()];
        var expected = stack([.. chosen.Select((expert, i) => experts[(int)expert].forward(images)[i])]);
        Assert.True(chosen.Distinct().Count() > 1);
        TestData.Close(TestData.Doubles(expected), mixture.forward(images), 1e-5);
    }

    [Fact]
    public void Train_Loss_ReachesGateAndExperts()
    {
        using var scope = NewDisposeScope();
        using var mixture = Mixture(3, 2);
        using var generator = new Generator(2UL, CPU);
        mixture.train();
        var (logits, imbalance) = mixture.Train(Images(), generator);
        (logits.square().mean() + imbalance).backward();
        Assert.All(
            mixture.named_parameters(),
            entry =>
                Assert.True(entry.parameter.grad is { } gradient && gradient.abs().sum().item<float>() > 0, entry.name)
        );
    }

    [Fact]
    public void Counts_AreThoseOfTheExpertsAskedAndTheGate()
    {
        using var scope = NewDisposeScope();
        using var mixture = Mixture(3, 2);
        long actual = mixture.parameters().Sum(parameter => parameter.numel());
        Assert.Equal(actual, mixture.ParameterCount);
        Assert.Equal(2 * TestData.Architecture.MultiplyAdds + 3 * 48, mixture.MultiplyAdds);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    public void ArchitectureOf_Experts_TogetherAreAboutAsLarge(int experts)
    {
        ConvNetArchitecture whole = new(3, 32, [16, 32, 64, 64], 10);
        double share =
            (double)MixtureOfExperts.ArchitectureOf(whole, experts).ParameterCount * experts / whole.ParameterCount;
        Assert.InRange(share, 0.9, 1.15);
    }

    private static ExpertMixture Mixture(int experts, int top)
    {
        using var generator = new Generator(1UL, CPU);
        ExpertMixture mixture = new(TestData.Architecture, experts, top, generator);
        mixture.eval();
        return mixture;
    }

    private static Tensor Images()
    {
        using var generator = new Generator(9UL, CPU);
        return randn([20, 3, 8, 8], generator: generator);
    }
}
