using Dmkd.Core.Devices;
using Dmkd.Experiments.Learners;

namespace Dmkd.Experiments.Tests.Methods.Regularization;

/// <summary>The strength of a method against forgetting does something.</summary>
public sealed class ConsolidationTests : IDisposable
{
    private static readonly ContinualProblem Problem = new(
        TinyProblem.Dataset(),
        TinyProblem.Settings with
        {
            Training = TinyProblem.Settings.Training with { Rounds = 1, Epochs = 30 },
        }
    );

    private readonly DeviceWorker _device = new(lanes: 1);

    [Theory]
    [InlineData("ewc")]
    [InlineData("online-ewc")]
    public async Task LearnAsync_NoStrength_IsFineTuning(string name)
    {
        var tied = await LearnAsync(name, ("strength", "0"), ("fisher-images", "4"));
        var free = await LearnAsync("sequential-fine-tuning", ("learning-rate", "0.03"));
        Assert.Equal(free.ClassIncremental, tied.ClassIncremental);
        Assert.Equal(free.MacroF1, tied.MacroF1);
    }

    [Theory]
    [InlineData("ewc")]
    [InlineData("online-ewc")]
    public async Task LearnAsync_GreatStrength_KeepsTheFirstTask(string name)
    {
        // Steps small enough for the penalty: with rate times strength times importance above 1 it would overshoot.
        var result = await LearnAsync(
            name,
            ("strength", "3000"),
            ("learning-rate", "0.003"),
            ("optimizer", "adamw"),
            ("fisher", "expected")
        );
        Assert.Equal(1, result.ClassIncremental[0][0]);
        Assert.True(result.Forgetting < 0.6, $"{result.Forgetting}");
    }

    [Fact]
    public async Task LearnAsync_LwfWithGreatAlpha_KeepsTheOldAnswers()
    {
        var weak = await LearnAsync("lwf", ("alpha", "0"), ("learning-rate", "0.05"));
        var strong = await LearnAsync("lwf", ("alpha", "10"), ("learning-rate", "0.05"));
        Assert.True(strong.TaskIncremental[1][0] >= weak.TaskIncremental[1][0]);
        Assert.Equal(1, strong.TaskIncremental[1][0]);
    }

    public void Dispose() => _device.Dispose();

    private Task<MethodResult> LearnAsync(string name, params (string Name, string Text)[] values) =>
        BaselineCatalog
            .Create(
                name,
                new MethodParameters(name, values.ToDictionary(pair => pair.Name, pair => pair.Text)),
                _device
            )
            .LearnAsync(Problem, _ => { }, TestContext.Current.CancellationToken);
}
