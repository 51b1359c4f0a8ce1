using Dmkd.Core.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Training;

/// <summary>Objectives compose.</summary>
public sealed class ObjectiveTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly Linear _model = nn.Linear(2, 4);

    [Fact]
    public void Loss_WeightedSum_IsTheSumOfWeightedLosses()
    {
        using var step = Step();
        Assert.Equal(2 + 3 * 0.5f, Loss(new Constant(2) + new Constant(3) * 0.5, step));
    }

    [Fact]
    public void Loss_ObjectiveWithNothingToSay_IsLeftOut()
    {
        using var step = Step();
        Assert.Equal(2, Loss(new Constant(2) + new Constant(null) * 0.5, step));
        Assert.Equal(2, Loss(new Constant(null) + new Constant(2), step));
        Assert.Null((new Constant(null) + new Constant(null)).Loss(step));
    }

    [Fact]
    public void Run_NoLoss_Throws()
    {
        using var generator = new Generator(1);
        var data = new TensorData(zeros(4, 2), zeros(4, dtype: int64));
        Assert.Throws<InvalidOperationException>(() =>
            Trainer.Run(
                _model,
                data,
                new Constant(null),
                new TrainingOptions(),
                generator,
                null,
                TestContext.Current.CancellationToken
            )
        );
    }

    [Fact]
    public void AfterStep_Sum_ReachesAllOnce()
    {
        using var step = Step();
        Constant first = new(1),
            second = new(2);
        (first + second * 0.5).AfterStep(step);
        Assert.Equal((1, 1), (first.Steps, second.Steps));
    }

    [Fact]
    public void CrossEntropy_SomeOutputs_IsThatOfThemAlone()
    {
        using var step = Step();
        var alone = nn.functional.cross_entropy(step.Logits.narrow(1, 1, 2), tensor(new long[] { 0, 1 }));
        Assert.Equal(alone.item<float>(), Loss(new CrossEntropy(1..3), step));
        Assert.Equal(
            nn.functional.cross_entropy(step.Logits, step.Batch.Labels).item<float>(),
            Loss(new CrossEntropy(), step)
        );
    }

    public void Dispose()
    {
        _model.Dispose();
        _scope.Dispose();
    }

    private static float? Loss(Objective objective, TrainingStep step) => objective.Loss(step)?.item<float>();

    private TrainingStep Step()
    {
        var inputs = tensor(
            new float[,]
            {
                { 1, -2 },
                { 0.5f, 3 },
            }
        );
        return new TrainingStep(
            _model,
            new Batch(inputs, tensor(new long[] { 1, 2 })) { Positions = arange(2, dtype: int64) }
        );
    }

    private sealed class Constant(float? value) : Objective
    {
        public int Steps { get; private set; }

        public override Tensor? Loss(TrainingStep step) => value is { } known ? tensor(known) : null;

        public override void AfterStep(TrainingStep step) => Steps++;
    }
}
