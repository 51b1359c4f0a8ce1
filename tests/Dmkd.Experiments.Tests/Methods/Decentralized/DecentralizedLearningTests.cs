using Dmkd.Core.Devices;
using Dmkd.Core.Models;
using Dmkd.Core.Tensors;
using Dmkd.Experiments.Learners;
using static TorchSharp.torch;

namespace Dmkd.Experiments.Tests.Methods.Decentralized;

public sealed class DecentralizedLearningTests : IDisposable
{
    private static readonly ContinualProblem Problem = new(
        TinyProblem.Dataset(),
        TinyProblem.Settings with
        {
            Training = TinyProblem.Settings.Training with { Rounds = 3, Epochs = 3 },
            Participation = TinyProblem.Settings.Participation with { Nodes = 3, Dirichlet = 100 },
            Merging = TinyProblem.Settings.Merging with { MergeEvery = 2 },
        }
    );

    private readonly DeviceWorker _device = new(lanes: 1);

    [Fact]
    public async Task LearnAsync_PlainAveraging_CountsTwoTasksOfTwoMergesOfThreeNodes()
    {
        var result = await LearnAsync("wa");
        long bytes = await _device.RunAsync(
            _ =>
            {
                using var generator = new Generator(1UL, CPU);
                using var network = new ConvNetArchitecture(3, 8, [8, 8], 4).Build(generator);
                using var weights = WeightSet.CopyOf(network);
                return (long)WeightCodec.Encode(weights).Length;
            },
            TestContext.Current.CancellationToken
        );
        Assert.Equal(2 * 2 * 3 * bytes, result.BytesUp); // after rounds 2 and 3 of each task
        Assert.Equal(result.BytesUp, result.BytesDown);
        Assert.True(result.DenseBytes < result.BytesUp); // names and shapes
    }

    [Theory]
    [InlineData("wa", "batch-norm-reset", "yes")]
    [InlineData("wa", "topology", "ring")]
    [InlineData("wa", "start", "own")]
    [InlineData("dimat", "statistics", "global")]
    [InlineData("dimat", "topology", "ring")]
    [InlineData("dimat", "start", "common")]
    public async Task LearnAsync_Variant_MeasuresShares(string name, string parameter, string value)
    {
        var result = await LearnAsync(name, (parameter, value));
        Assert.All(
            result.ClassIncremental.Concat(result.TaskIncremental).SelectMany(row => row),
            accuracy => Assert.InRange(accuracy, 0, 1)
        );
        Assert.True(result.BytesUp > 0);
    }

    [Fact]
    public async Task LearnAsync_OneNode_IsFineTuningOnItsShare()
    {
        var settings = Problem.Settings with
        {
            Participation = Problem.Settings.Participation with { Nodes = 1 },
            Training = Problem.Settings.Training with { Rounds = 2, Epochs = 25 },
        };
        var result = await LearnAsync(new ContinualProblem(Problem.Dataset, settings), "wa");
        Assert.Equal(1, result.ClassIncremental[0][0]);
        Assert.Equal(1, result.ClassIncremental[1][1]);
        Assert.True(result.Forgetting >= 0.5, $"{result.Forgetting}");
    }

    public void Dispose() => _device.Dispose();

    private Task<MethodResult> LearnAsync(string name, params (string Name, string Text)[] values) =>
        LearnAsync(Problem, name, values);

    private Task<MethodResult> LearnAsync(
        ContinualProblem problem,
        string name,
        params (string Name, string Text)[] values
    ) =>
        BaselineCatalog
            .Create(
                name,
                new MethodParameters(name, values.ToDictionary(pair => pair.Name, pair => pair.Text)),
                _device
            )
            .LearnAsync(problem, _ => { }, TestContext.Current.CancellationToken);
}
