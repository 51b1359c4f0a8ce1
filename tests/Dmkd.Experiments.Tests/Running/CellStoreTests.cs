using Dmkd.Experiments.Plans;
using Dmkd.Experiments.Protocol;

namespace Dmkd.Experiments.Tests.Running;

public sealed class CellStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private CellStore Store => new(_folder.Path);

    [Fact]
    public void Find_NothingStored_IsNull() => Assert.Null(Store.Find(TinyPlan.Cell));

    [Fact]
    public void Find_Written_IsTheSame()
    {
        Store.Write(TinyPlan.Cell, Documents.Of(TinyPlan.Cell, 0.25, 0.75));
        var found = Store.Find(TinyPlan.Cell)!;
        Assert.Equal(
            (TinyPlan.Cell.Name, CellStage.Measure, "dmkd", 4, 0.25, 0.75),
            (found.Cell, found.Stage, found.Method, found.Nodes, found.FinalAccuracy, found.TaskIncrementalAccuracy)
        );
        Assert.Equal(
            [
                [1.0],
                [0.25, 0.25],
            ],
            found.AccuracyMatrix.ClassIncremental
        );
        // DMKD's parameters are in its settings
        Assert.Equal((0.25, 0.1), (found.Settings!.Legacy.Alpha, found.Settings.Training.LearningRate));
        Assert.Equal((Documents.Versions, Documents.Machine), (found.Versions, found.Machine));
        Assert.Equal((20.0, 0.2), (found.Watts, found.EnergyWattHours)); // 36 s of 20 W
        Assert.Equal(
            ["0.25", "0.1"],
            found.MethodParameters.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => pair.Value)
        );
    }

    [Fact]
    public void Find_CellOfARenamedExperiment_IsFound()
    {
        Store.Write(TinyPlan.Cell, Documents.Of(TinyPlan.Cell, 0.25, 0.75));
        Assert.NotNull(Store.Find(TinyPlan.Cell with { Data = TinyPlan.Cell.Data with { Name = "renamed" } }));
    }

    [Fact]
    public void Write_Finished_ForgetsTheFailure()
    {
        Store.Write(TinyPlan.Cell, CellFailure.Of(TinyPlan.Cell, "out of\nluck", Documents.Circumstances));
        Assert.Null(Store.Find(TinyPlan.Cell));
        Assert.Equal("out of luck", Store.FindFailed(TinyPlan.Cell.Digest)!.Error);
        Store.Write(TinyPlan.Cell, Documents.Of(TinyPlan.Cell, 0.25, 0.75));
        Assert.Null(Store.FindFailed(TinyPlan.Cell.Digest));
        Assert.Single(Directory.GetFiles(_folder["cells"])); // no temporary files either
    }

    [Fact]
    public void Find_DamagedFile_SaysWhatToDo()
    {
        Store.Write(TinyPlan.Cell, Documents.Of(TinyPlan.Cell, 0.25, 0.75));
        string file = Directory.GetFiles(_folder["cells"])[0];
        File.WriteAllText(file, "{ \"cell\": ");
        string message = Assert.Throws<PlanException>(() => Store.Find(TinyPlan.Cell)).Message;
        Assert.StartsWith($"{file} is no cell of this version", message, StringComparison.Ordinal);
        Assert.EndsWith("Delete it to measure the cell again.", message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();
}
