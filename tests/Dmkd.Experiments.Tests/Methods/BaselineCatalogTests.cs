using System.Collections.Concurrent;
using Dmkd.Core.Devices;
using Dmkd.Experiments.Learners;
using TorchSharp;

namespace Dmkd.Experiments.Tests.Methods;

/// <summary>What every baseline promises, on a problem that each of them can learn.</summary>
public sealed class BaselineCatalogTests : IDisposable
{
    private static readonly ContinualProblem Problem = ProblemOf(epochs: 25),
        ShortProblem = ProblemOf(epochs: 2); // for what does not depend on what was learned

    private static readonly ConcurrentDictionary<string, Lazy<Task<MethodResult>>> Learned = new();

    private readonly DeviceWorker _device = new(lanes: 1);

    public static TheoryData<string> Names => [.. BaselineCatalog.Names];

    [Fact]
    public void Names_AreThoseOfTheEvaluation() =>
        Assert.Equal(
            [
                "sequential-fine-tuning",
                "joint",
                "ewc",
                "online-ewc",
                "lwf",
                "er",
                "der++",
                "moe",
                "m2mkd",
                "wa",
                "dimat",
            ],
            BaselineCatalog.Names
        );

    [Theory]
    [MemberData(nameof(Names))]
    public async Task LearnAsync_TinyProblem_LearnsTheNewestTask(string name)
    {
        var result = await LearnedAsync(name);
        Assert.Equal(name, result.Method);
        Assert.Equal([1, 2], result.ClassIncremental.Select(row => row.Length));
        Assert.Equal(1, result.ClassIncremental[0][0]);
        Assert.Equal(1, result.TaskIncremental[1][1]);
        Assert.True(result is { Parameters: > 0, MacsPerInput: > 0, DeviceSeconds: > 0 });
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task LearnAsync_Twice_LeavesNoTensorAndRepeats(string name)
    {
        List<double> told = [];
        var first = await LearnAsync(Create(name), ShortProblem, told.Add);
        long before = await LiveTensorsAsync();
        var second = await LearnAsync(Create(name), ShortProblem);
        Assert.Equal(before, await LiveTensorsAsync());

        Assert.Equal(first.ClassIncremental, second.ClassIncremental);
        Assert.Equal(first.TaskIncremental, second.TaskIncremental);
        Assert.Equal(
            (first.MacroF1, first.BytesUp, first.BytesDown, first.DenseBytes),
            (second.MacroF1, second.BytesUp, second.BytesDown, second.DenseBytes)
        );
        Assert.Equal(told.Order(), told);
        Assert.Equal(1, told[^1], 1e-12);
    }

    [Theory]
    [InlineData("joint")]
    [InlineData("er")]
    [InlineData("der++")]
    public async Task LearnAsync_MethodThatSeesTheFirstTaskAgain_ForgetsLessThanFineTuning(string name)
    {
        // At one learning rate, and with the replay weighing as much as the new images.
        var without = await LearnedAsync("sequential-fine-tuning");
        var with =
            name == "der++"
                ? await LearnAsync(Create(name, ("learning-rate", "0.1"), ("beta", "1")), Problem)
                : await LearnedAsync(name);
        Assert.True(with.Forgetting < without.Forgetting, $"{with.Forgetting} with, {without.Forgetting} without");
        Assert.True(
            with.FinalAccuracy > without.FinalAccuracy,
            $"{with.FinalAccuracy} with, {without.FinalAccuracy} without"
        );
    }

    [Theory]
    [InlineData("er", 40)]
    [InlineData("der++", 40)]
    [InlineData("joint", 0)]
    [InlineData("lwf", 0)]
    public async Task LearnAsync_Exemplars_AreThoseKept(string name, int expected)
    {
        var learner = expected == 0 ? Create(name) : Create(name, ("exemplars", "40"));
        Assert.Equal(expected, (await LearnAsync(learner, ShortProblem)).Exemplars);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Create_UnknownParameter_IsRefusedByName(string name)
    {
        var refusal = Assert.Throws<MethodParameterException>(() => Create(name, ("strenght", "1")));
        Assert.StartsWith($"{name} has no parameter 'strenght'; it has: ", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("learning-rate", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("optimizer", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ewc", "strength", "-1")]
    [InlineData("ewc", "fisher", "empirical")]
    [InlineData("online-ewc", "decay", "1.5")]
    [InlineData("lwf", "temperature", "0")]
    [InlineData("er", "exemplars", "0")]
    [InlineData("der++", "alpha", "-0.1")]
    [InlineData("moe", "top", "0")]
    [InlineData("m2mkd", "alpha", "2")]
    [InlineData("wa", "batch-norm-reset", "maybe")]
    [InlineData("dimat", "topology", "star")]
    public void Create_ValueOutOfItsRange_IsRefusedByName(string name, string parameter, string text)
    {
        var refusal = Assert.Throws<MethodParameterException>(() => Create(name, (parameter, text)));
        Assert.StartsWith($"{name}: {parameter} must be ", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Create_UnknownName_ListsTheNames()
    {
        var refusal = Assert.Throws<MethodParameterException>(() => Create("gem"));
        Assert.Contains("der++", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task LearnAsync_Cancelled_Throws()
    {
        using var source = new CancellationTokenSource();
        var learner = Create("der++");
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            learner.LearnAsync(Problem, _ => source.Cancel(), source.Token)
        );
    }

    public void Dispose() => _device.Dispose();

    private static ContinualProblem ProblemOf(int epochs) =>
        new(
            TinyProblem.Dataset(),
            TinyProblem.Settings with
            {
                Training = TinyProblem.Settings.Training with { Rounds = 2, Epochs = epochs },
                Participation = TinyProblem.Settings.Participation with { Nodes = 2, Dirichlet = 100 },
            }
        );

    /// <summary>What a method learns with its own parameters, for all tests that ask.</summary>
    private Task<MethodResult> LearnedAsync(string name) =>
        Learned.GetOrAdd(name, _ => new(() => LearnAsync(Create(name), Problem))).Value;

    private static Task<MethodResult> LearnAsync(
        IContinualLearner learner,
        ContinualProblem problem,
        Action<double>? progress = null
    ) => learner.LearnAsync(problem, progress ?? (_ => { }), TestContext.Current.CancellationToken);

    private IContinualLearner Create(string name, params (string Name, string Text)[] values) =>
        BaselineCatalog.Create(
            name,
            new MethodParameters(name, values.ToDictionary(pair => pair.Name, pair => pair.Text)),
            _device
        );

    private Task<long> LiveTensorsAsync() => _device.RunAsync(_ => DisposeScopeManager.Statistics.ThreadTotalLiveCount);
}
