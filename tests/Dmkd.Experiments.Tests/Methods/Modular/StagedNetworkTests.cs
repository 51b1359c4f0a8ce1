using Dmkd.Core.Models;
using Dmkd.Experiments.Learners;
using static TorchSharp.torch;

namespace Dmkd.Experiments.Tests.Methods.Modular;

public sealed class StagedNetworkTests
{
    private static readonly ConvNetArchitecture Architecture = new(3, 16, [4, 5, 6, 7], 3);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(9)]
    public void Run_AllStages_IsTheNetwork(int stages)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var generator = new Generator(1UL, CPU);
        using var network = Architecture.Build(generator);
        network.eval();
        var images = randn([4, 3, 16, 16], generator: generator);
        StagedNetwork staged = new(network, StagedNetwork.Cut(4, stages));
        var x = images;
        int count = Math.Min(stages, 4);
        for (int stage = 0; stage < count; stage++)
            x = staged.Run(stage, stage + 1, x);
        TestData.Close(TestData.Doubles(network.forward(images)), x, 1e-5);
        TestData.Close(TestData.Doubles(x), staged.Run(0, count, images), 0);
    }

    [Fact]
    public void Cut_FourLayersInThree_GivesTheLastTwoTogether() =>
        Assert.Equal([(0, 1), (1, 2), (2, 4)], StagedNetwork.Cut(4, 3));

    [Fact]
    public void ParametersOf_Stages_AreAllOfTheNetworkOnce()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1UL, CPU);
        using var network = Architecture.Build(generator);
        StagedNetwork staged = new(network, StagedNetwork.Cut(4, 3));
        long[] counts =
        [
            .. Enumerable.Range(0, 3).Select(stage => staged.ParametersOf(stage).Sum(parameter => parameter.numel())),
        ];
        Assert.Equal(9 * 3 * 4 + 8, counts[0]);
        Assert.Equal(Architecture.ParameterCount, counts.Sum());
    }

    [Fact]
    public void StageLoss_OneImage_IsTheFormula()
    {
        using var scope = NewDisposeScope();
        double[] student = [0.5, -1, 2],
            teacher = [1, 0, -1];
        double[] q = TestData.Softmax(student.Select(value => value / 2)),
            p = TestData.Softmax(teacher.Select(value => value / 2));
        double divergence = 4 * p.Zip(q, (a, b) => a * (Math.Log(a) - Math.Log(b))).Sum() / 3; // τ² KL / (B C)
        double expected = 0.75 * -Math.Log(TestData.Softmax(student)[1]) + 0.25 * divergence;
        var loss = ModuleDistillation.StageLoss(
            tensor(student).unsqueeze(0),
            tensor(teacher).unsqueeze(0),
            tensor([1L]),
            alpha: 0.25,
            temperature: 2
        );
        Assert.Equal(expected, loss.item<double>(), 1e-10);
    }
}
