using System.Collections.Concurrent;
using Dmkd.Contracts.Settings;
using Dmkd.Data;
using Dmkd.Data.Images;
using Dmkd.Data.Images.Synthetic;
using Dmkd.Experiments.Learners;
using Dmkd.Experiments.Plans;
using Dmkd.Experiments.Protocol;

namespace Dmkd.Experiments.Tests.Running;

public sealed class ExperimentRunnerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ScriptedLearners _learners = new();
    private readonly Watcher _watcher = new();

    [Fact]
    public async Task RunAsync_Experiment_MeasuresEveryCellOnce()
    {
        var outcome = await RunAsync();
        // 2 methods x 2 rates; 3 methods x 2 seeds; alpha = 0 x 2 seeds, and alpha = 0.25 is the method itself.
        Assert.Equal((4 + 6 + 2, 0, 0), (outcome.Cells, outcome.Reused, outcome.Failures.Count));
        Assert.Equal(12, _learners.Learned.Count);
        Assert.Equal(12, _learners.Learned.Distinct().Count());
        Assert.Equal(12, Directory.GetFiles(_folder["cells"], "*.json").Length);
        Assert.Equal(12, _watcher.Finished.Count);
    }

    [Fact]
    public async Task RunAsync_Again_RepeatsNothing()
    {
        await RunAsync();
        _learners.Learned.Clear();
        var outcome = await RunAsync();
        Assert.Equal((12, 12), (outcome.Cells, outcome.Reused));
        Assert.Empty(_learners.Learned);
    }

    [Fact]
    public async Task RunAsync_Cancelled_KeepsWhatIsFinishedAndGoesOnThere()
    {
        using var source = new CancellationTokenSource();
        _watcher.OnFinished = () =>
        {
            if (_watcher.Finished.Count == 5)
                source.Cancel();
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => MeasureAsync(1, source.Token));
        Assert.Equal(5, _learners.Learned.Count);
        Assert.Empty(Directory.GetFiles(_folder["cells"], "*.failed.json")); // stopping is no failure
        var outcome = await RunAsync();
        Assert.Equal((12, 5), (outcome.Cells, outcome.Reused));
        Assert.Equal(12, _learners.Learned.Distinct().Count());
        Assert.Equal(12, _learners.Learned.Count);
    }

    [Fact]
    public async Task RunAsync_CellFails_IsRecordedTheOthersGoOnAndItIsTriedAgain()
    {
        _learners.Fails = cell => cell.Method == "fixed" && cell.Settings.Seed == 2;
        var outcome = await RunAsync();
        var failure = Assert.Single(outcome.Failures);
        Assert.Equal(("fixed", 2, "out of luck"), (failure.Method, failure.Seed, failure.Error));
        Assert.Equal(11, _watcher.Finished.Count);
        Assert.Single(Directory.GetFiles(_folder["cells"], "*.failed.json"));

        _learners.Fails = _ => false;
        outcome = await RunAsync();
        Assert.Equal((11, 0), (outcome.Reused, outcome.Failures.Count));
        Assert.Empty(Directory.GetFiles(_folder["cells"], "*.failed.json"));
    }

    [Fact]
    public async Task RunAsync_Search_ChoosesTheBestRateWithoutTheTestImages()
    {
        var outcome = await RunAsync();
        Assert.Equal(
            [("dmkd", "0.1"), ("other", "0.1")],
            outcome.Chosen.Select(choice => (choice.Label, choice.Parameters["learning-rate"]))
        ); // the script likes large ones
        var real = await ReadAsync(TinyPlan.Create().Data[0].Source);
        Assert.All(
            _learners.Problems.Where(seen => seen.Cell.Stage is CellStage.Search),
            seen =>
            {
                // a quarter of 4 a class is held out
                Assert.Equal((10 * 3, 10), (seen.Problem.Dataset.Train.Count, seen.Problem.Dataset.Test.Count));
                for (int i = 0; i < seen.Problem.Dataset.Test.Count; i++)
                    Assert.True(Contains(real.Train, seen.Problem.Dataset.Test.Image(i)));
            }
        );
        Assert.All(
            _learners.Problems.Where(seen => seen.Cell.Stage is CellStage.Measure),
            seen => Assert.Equal(real.Test.Pixels, seen.Problem.Dataset.Test.Pixels)
        );
    }

    [Fact]
    public async Task RunAsync_AllRatesOfAMethodFail_LeavesItOutAndSaysSo()
    {
        _learners.Fails = cell => cell.Stage is CellStage.Search && cell.Method == "other";
        var outcome = await RunAsync();
        Assert.Equal(2, outcome.Failures.Count);
        Assert.DoesNotContain(_learners.Problems, seen => seen.Cell is { Stage: CellStage.Measure, Method: "other" });
    }

    [Fact]
    public async Task RunAsync_TwoJobs_GivesTheSameCells()
    {
        var outcome = await RunAsync(jobs: 2);
        Assert.Equal((12, 0), (outcome.Cells, outcome.Failures.Count));
        Assert.Equal(12, Directory.GetFiles(_folder["cells"], "*.json").Length);
    }

    [Fact]
    public async Task RunAsync_TimeLeft_EndsWithNone()
    {
        await RunAsync();
        Assert.Equal(TimeSpan.Zero, _watcher.Finished[^1]);
        Assert.Equal(TimeSpan.FromSeconds(7 * 30), _watcher.Finished[4]); // each took 30 s; 7 of 8 results are to come
    }

    [Fact]
    public void Check_UnknownParameter_NamesItsLine()
    {
        var plan = TinyPlan.Create();
        string message = Assert
            .Throws<PlanException>(() =>
                ExperimentRunner.Check(
                    plan,
                    cell =>
                    {
                        if (cell.Method == "other")
                            throw new MethodParameterException("no such method");
                    }
                )
            )
            .Message;
        Assert.Equal("/experiments/tiny.yaml:9: no such method", message);
    }

    [Fact]
    public async Task Check_FolderOfAnotherExperiment_IsRefused()
    {
        await RunAsync();
        ExperimentRunner.Check(TinyPlan.Create(), _folder.Path);
        string message = Assert
            .Throws<PlanException>(() => ExperimentRunner.Check(TinyPlan.Create() with { Name = "huge" }, _folder.Path))
            .Message;
        Assert.Contains("'tiny', not of 'huge'", message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private Task<ExperimentOutcome> RunAsync(int jobs = 1) => MeasureAsync(jobs, TestContext.Current.CancellationToken);

    private async Task<ExperimentOutcome> MeasureAsync(int jobs, CancellationToken cancellationToken)
    {
        using var validation = new ValidationImages(_folder["work"], (source, _) => ReadAsync(source));
        var setting = new WorkSetting(_folder.Path, Documents.Versions, Documents.Machine, 20);
        var work = new CellWork(
            _learners,
            (source, _) => ReadAsync(source),
            validation,
            new CellStore(_folder.Path),
            setting,
            TimeProvider.System
        );
        return await new ExperimentRunner(TinyPlan.Create(), _folder.Path, work, _watcher).RunAsync(
            jobs,
            cancellationToken
        );
    }

    private static Task<ImageDataset> ReadAsync(DataSource source) =>
        Task.FromResult(
            source.Path is null
                ? SyntheticImages.Generate(source.TrainPerClass!.Value, source.TestPerClass!.Value, source.Seed)
                : DatasetLoader.Load(
                    new DatasetSpec { Kind = source.Kind, Path = source.Path },
                    ct: TestContext.Current.CancellationToken
                )
        );

    private static bool Contains(ImageSet set, ReadOnlySpan<byte> image)
    {
        for (int i = 0; i < set.Count; i++)
            if (set.Image(i).SequenceEqual(image))
                return true;
        return false;
    }

    /// <summary>Learners that are done at once: the larger the learning rate, the better.</summary>
    private sealed class ScriptedLearners : ILearners
    {
        public ConcurrentQueue<string> Learned { get; } = [];

        public ConcurrentQueue<(Cell Cell, ContinualProblem Problem)> Problems { get; } = [];

        public Func<Cell, bool> Fails { get; set; } = _ => false;

        public IContinualLearner Create(Cell cell) => new Learner(this, cell);

        private sealed class Learner(ScriptedLearners owner, Cell cell) : IContinualLearner
        {
            public string Name => cell.Method;

            public Task<MethodResult> LearnAsync(
                ContinualProblem problem,
                Action<double> progress,
                CancellationToken cancellationToken
            )
            {
                owner.Problems.Enqueue((cell, problem));
                if (owner.Fails(cell))
                    throw new RunFailedException("out of luck");
                owner.Learned.Enqueue(cell.Digest);
                progress(1);
                double accuracy = double.Parse(
                    cell.Parameters["learning-rate"],
                    System.Globalization.CultureInfo.InvariantCulture
                );
                return Task.FromResult(Documents.Result(cell.Method, accuracy, accuracy));
            }
        }
    }

    private sealed class Watcher : IExperimentWatcher
    {
        public List<TimeSpan?> Finished { get; } = [];

        public Action OnFinished { get; set; } = () => { };

        public void Began(CellStage stage, int cells, int finished) { }

        public void Started(Cell cell) { }

        public void Advanced(Cell cell, double share) { }

        void IExperimentWatcher.Finished(Cell cell, CellDocument document, TimeSpan? left)
        {
            Finished.Add(left);
            OnFinished();
        }

        public void Failed(Cell cell, CellFailure failure) { }

        public void Chose(ChosenParameters choice) { }
    }
}
