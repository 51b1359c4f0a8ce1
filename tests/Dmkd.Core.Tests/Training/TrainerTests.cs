using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Models;
using Dmkd.Core.Tensors;
using Dmkd.Core.Tests.Preservation;
using Dmkd.Core.Training;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Dmkd.Core.Tests.Training;

/// <summary>The training loop on images, with the objectives of a local update (proposal 3.4.1).</summary>
public sealed class TrainerTests
{
    private static readonly TrainingOptions Options = new() { BatchSize = 8 };

    [Theory]
    [InlineData(false, 0.1)]
    [InlineData(true, 1.6)] // turns of a plain colour look the same: of ln 8, ln 4 = 1.39 cannot be learned
    public void Run_TwoColours_LossFalls(bool rotated, double limit)
    {
        var options = Options with { LearningRate = 1e-2 };
        using var network = Network(rotated ? 8 : 2);
        using var data = TwoColours(32);
        double first = Run(network, data, options).MeanLoss;
        double last = Run(network, data, options with { Epochs = 20 }).MeanLoss;
        Assert.InRange(last, 0, Math.Min(first, limit));
    }

    [Theory]
    [InlineData(OptimizerKind.AdamW)]
    [InlineData(OptimizerKind.Adam)]
    [InlineData(OptimizerKind.Sgd)]
    public void Run_PlainLabels_IsTheLoopWrittenOut(OptimizerKind kind)
    {
        using var scope = NewDisposeScope();
        var options = Options with { Rounds = 2, Epochs = 2, Optimizer = kind };
        using Network ours = Network(2),
            theirs = Network(2);
        using var data = TwoColours(20);
        Run(ours, data, options);
        using var generator = new Generator(1);
        theirs.train();
        foreach (int round in (int[])[0, 1])
        {
            double rate = LearningRateSchedule.Cosine(options.LearningRate, round, 2);
            optim.Optimizer optimizer = kind switch
            {
                OptimizerKind.Sgd => optim.SGD(theirs.parameters(), rate, weight_decay: options.WeightDecay),
                OptimizerKind.Adam => optim.Adam(theirs.parameters(), rate, weight_decay: options.WeightDecay),
                _ => optim.AdamW(theirs.parameters(), rate, weight_decay: options.WeightDecay),
            };
            foreach (int epoch in (int[])[0, 1])
            {
                foreach (var batch in randperm(20, generator: generator).split([8, 8, 4]))
                {
                    var images = ImageTensors.Normalise(
                        ImageAugmentation.Apply(data.Inputs.index_select(0, batch), generator)
                    );
                    optimizer.zero_grad();
                    F.cross_entropy(theirs.forward(images), data.Labels.index_select(0, batch)).backward();
                    optimizer.step();
                }
            }

            optimizer.Dispose();
        }

        using WeightSet expected = WeightSet.CopyOf(theirs),
            actual = WeightSet.CopyOf(ours);
        TensorAssert.Identical(expected, actual);
    }

    [Fact]
    public void Run_SameWeightsDataAndGenerator_IsBitEqual()
    {
        using var first = Trained(outputs: 8);
        using var second = Trained(outputs: 8);
        TensorAssert.Identical(first, second);
    }

    [Fact]
    public void Run_OtherGenerator_IsAnotherResult()
    {
        using var first = Trained(outputs: 8);
        using var second = Trained(outputs: 8, seed: 2);
        Assert.False(first["head.weight"].bytes.SequenceEqual(second["head.weight"].bytes));
    }

    [Fact]
    public void Run_Distillation_ChangesTheResult()
    {
        using var teacher = Network(2, seed: 9);
        var distillation = new TeacherDistillation(new DistillationTarget(teacher, [0, 1], [0, 1], PlainOnly: true));
        using var without = Trained(outputs: 8);
        using var with = Trained(outputs: 8, objective: new CrossEntropy() + distillation * 0.5);
        Assert.False(without["head.weight"].bytes.SequenceEqual(with["head.weight"].bytes));
    }

    [Fact]
    public void Run_Distillation_LeavesTheTeacher()
    {
        using var teacher = Network(2, seed: 9);
        using var before = WeightSet.CopyOf(teacher);
        var distillation = new TeacherDistillation(new DistillationTarget(teacher, [0, 1], [0, 1], PlainOnly: false));
        using var trained = Trained(outputs: 2, objective: new CrossEntropy() + distillation);
        using var after = WeightSet.CopyOf(teacher);
        TensorAssert.Identical(before, after);
        Assert.All(teacher.parameters(), parameter => Assert.Null(parameter.grad));
    }

    [Fact]
    public void Run_Parameters_AreAllThatIsStepped()
    {
        using var network = Network(2);
        using var before = WeightSet.CopyOf(network);
        using var data = TwoColours(16);
        Run(
            network,
            data,
            Options with
            {
                Parameters = [network.get_parameter("head.weight")!],
                KeepsStatistics = true,
            }
        );
        using var after = WeightSet.CopyOf(network);
        string[] moved =
        [
            .. before.Where(pair => !pair.Value.bytes.SequenceEqual(after[pair.Key].bytes)).Select(pair => pair.Key),
        ];
        Assert.Equal(["head.weight"], moved);
    }

    [Theory]
    [InlineData(16, 2)]
    [InlineData(17, 2)] // a last batch of one joins its neighbour
    [InlineData(18, 3)]
    [InlineData(3, 1)]
    [InlineData(1, 1)]
    public void Run_Result_CountsImagesAndSteps(int images, int stepsPerEpoch)
    {
        using var network = Network(2);
        using var data = TwoColours(images);
        var result = Run(network, data, Options with { Epochs = 2, KeepsStatistics = images == 1 });
        Assert.Equal((images, 2 * stepsPerEpoch), (result.SampleCount, result.Steps));
        Assert.True(double.IsFinite(result.MeanLoss));
        Assert.False(network.training);
    }

    [Fact]
    public void Run_SingleLeftOut_IsNotTrainedOn()
    {
        using var network = Network(2);
        using var data = TwoColours(17);
        Assert.Equal(2, Run(network, data, Options with { LeavesOutSingle = true }).Steps);
        using var single = TwoColours(1);
        Assert.Throws<ArgumentException>("data", () => Run(network, single, Options with { LeavesOutSingle = true }));
    }

    [Fact]
    public void Run_Progress_RisesToOne()
    {
        using var network = Network(2);
        using var data = TwoColours(16);
        using var generator = new Generator(1);
        List<double> told = [];
        var options = Options with { Epochs = 2, Rounds = 2 };
        var images = new ImageTrainingData(data);
        Trainer.Run(
            network,
            images,
            new CrossEntropy(),
            options,
            generator,
            told.Add,
            TestContext.Current.CancellationToken
        );
        Assert.Equal([0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1], told);
    }

    [Fact]
    public void Run_Cancelled_StopsAfterTheStep()
    {
        using var network = Network(2);
        using var data = TwoColours(32);
        using var generator = new Generator(1);
        using var source = new CancellationTokenSource();
        int steps = 0;
        var images = new ImageTrainingData(data);
        Assert.Throws<OperationCanceledException>(() =>
            Trainer.Run(network, images, new CrossEntropy(), Options, generator, Count, source.Token)
        );
        Assert.Equal(2, steps);

        void Count(double share)
        {
            if (++steps == 2)
                source.Cancel();
        }
    }

    [Fact]
    public void Run_NoData_Throws()
    {
        using var network = Network(2);
        using var data = ImageTensors.From([], [], 1, 8);
        Assert.Throws<ArgumentException>("data", () => Run(network, data, Options));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)] // turns of a plain colour look the same: only among the classes can an answer be right
    public void Run_TwoColoursLearned_AllAnswersOfTheLastEpochNameTheClass(bool rotated)
    {
        using var network = Network(rotated ? 8 : 2);
        using var data = TwoColours(32);
        Run(network, data, Options with { LearningRate = 1e-2, Epochs = 20 });
        Assert.Equal(1, Run(network, data, Options with { LearningRate = 1e-6 }).Accuracy);
    }

    [Fact]
    public void Run_Accuracy_IsOfTheAnswersBeforeEachStep()
    {
        // of a network that is not stepped, what a look at all examples counts
        using var network = Network(2);
        using var data = TwoColours(20);
        var options = Options with { LearningRate = 1e-8, KeepsStatistics = true, Optimizer = OptimizerKind.Sgd };
        using var pass = no_grad();
        network.eval();
        using var logits = network.forward(ImageTensors.Normalise(data.Inputs));
        using var right = logits.argmax(1).eq(data.Labels).sum();
        double expected = right.item<long>() / 20.0;
        using (enable_grad())
            Assert.Equal(expected, Run(network, data, options).Accuracy);
    }

    [Fact]
    public void Run_SoftLabels_HasNoAccuracy()
    {
        using var network = Network(2);
        using var scope = NewDisposeScope();
        var inputs = rand(8, 1, 8, 8);
        var data = new TensorData(inputs, zeros(8, 2));
        using var generator = new Generator(1);
        var result = Trainer.Run(
            network,
            data,
            new SoftLabels([0, 1]),
            Options,
            generator,
            null,
            TestContext.Current.CancellationToken
        );
        Assert.Null(result.Accuracy);
    }

    [Fact]
    public void Run_LeaksNoTensor()
    {
        using var scope = NewDisposeScope();
        using var network = Network(8);
        using var teacher = Network(2, seed: 9);
        using var data = TwoColours(20);
        var distillation = new TeacherDistillation(new DistillationTarget(teacher, [0, 1], [0, 1], PlainOnly: true));
        LeakTests.AssertNoLeak(() => Run(network, data, Options, objective: new CrossEntropy() + distillation));
    }

    private static TrainingResult Run(
        Network network,
        ImageTensors data,
        TrainingOptions options,
        ulong seed = 1,
        Objective? objective = null
    )
    {
        using var generator = new Generator(seed);
        int outputs = network.Architecture.OutputCount;
        ILabelSpace labels = outputs == 2 ? new PlainLabels() : RotationSpace.OfHead(outputs, allRotations: false);
        var images = new ImageTrainingData(data, labels);
        return Trainer.Run(
            network,
            images,
            objective ?? new CrossEntropy(),
            options,
            generator,
            null,
            TestContext.Current.CancellationToken
        );
    }

    private static WeightSet Trained(int outputs, ulong seed = 1, Objective? objective = null)
    {
        using var network = Network(outputs);
        using var data = TwoColours(20);
        Run(network, data, Options, seed, objective);
        return WeightSet.CopyOf(network);
    }

    private static Network Network(int outputs, ulong seed = 1)
    {
        using var generator = new Generator(seed);
        return new ConvNetArchitecture(1, 8, [4, 4], outputs).Build(generator);
    }

    /// <summary>Dark images of class 0, bright ones of class 1.</summary>
    private static ImageTensors TwoColours(int count)
    {
        byte[] pixels =
        [
            .. Enumerable.Range(0, count).SelectMany(i => Enumerable.Repeat((byte)(i % 2 == 0 ? 40 : 200), 64)),
        ];
        return ImageTensors.From(pixels, [.. Enumerable.Range(0, count).Select(i => i % 2)], 1, 8);
    }
}
