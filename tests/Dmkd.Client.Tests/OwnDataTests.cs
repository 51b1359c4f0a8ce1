using Dmkd.Client.Tests.Running;

namespace Dmkd.Client.Tests;

/// <summary>Data sets that users bring: how they are named, and what happens to a run whose data changes.</summary>
public sealed class OwnDataTests : IDisposable
{
    private const int PerClass = 12;
    private static readonly string[] Classes = ["ant", "bee", "cat", "dog"];
    private readonly TemporaryFolder _folder = new();

    private string Home => _folder["home"];

    private string Data => _folder["data"];

    [Fact]
    public async Task Run_PathWithoutKind_ReadsThePath()
    {
        WriteImages();

        var outcome = await DmkdProcess.RunAsync(Home, "run", "--data-path", Data, "--tasks", "3");

        outcome.IsRefused("4 classes make at most 2 tasks"); // drawn pictures have ten
    }

    [Fact]
    public async Task Evaluate_NoDataSet_SaysWhatToGive()
    {
        string checkpoint = _folder.Write("small.safetensors", SmallNetwork.File());

        var outcome = await DmkdProcess.RunAsync(
            Home,
            "evaluate",
            "--checkpoint",
            checkpoint,
            "--architecture",
            SmallNetwork.Architecture
        );

        outcome.IsRefused("No data set is named", "--data-path", "--data synthetic");
    }

    [Fact]
    public async Task Evaluate_FolderWithValAlone_CountsItsImages()
    {
        string checkpoint = _folder.Write("small.safetensors", SmallNetwork.File());
        for (int label = 0; label < 10; label++)
            _folder.Write($"data/val/{label}/0.png", SyntheticPictures.Png(label));
        _folder.Write("data/val/0/old.tif", [1]);

        var outcome = await DmkdProcess.RunAsync(
            Home,
            "evaluate",
            "--checkpoint",
            checkpoint,
            "--architecture",
            SmallNetwork.Architecture,
            "--data-path",
            Data
        );

        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains("of 10 test images right", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("1 file(s) in class folders are left out (.tif)", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_FlatFolderOfUnequalTasks_LearnsThemInOrder()
    {
        for (int label = 0; label < 5; label++)
            WriteClass($"data/{(label < 3 ? label : label + 7)}", label); // 0, 1, 2, 10, 11

        string[] options =
        [
            "--holdout",
            "0.25",
            "--class-order",
            "natural",
            "--task-sizes",
            "3,2",
            "--legacy-tasks",
            "0",
        ];
        var outcome = (await RunAsync(["--rounds", "1", "--no-baseline", "--json", .. options])).IsSuccess();

        Assert.Contains("learning rate 0.002", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("45 training and 15 test images of 5 classes", Joined(outcome.Error), StringComparison.Ordinal);
        Assert.Contains("task 1/2: expert-1 for 0, 1, 2", Joined(outcome.Error), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("class added", "class 'cow' was added (4 classes then, 5 now)")]
    [InlineData("images swapped", "images were replaced")]
    [InlineData("image added", "class 'ant' had 12 training images and has 13")]
    public async Task Resume_DataThatChanged_IsRefusedAndNamed(string change, string problem)
    {
        await StartAndKillAsync();
        switch (change)
        {
            case "class added":
                WriteClass("data/train/cow", 4);
                WriteClass("data/test/cow", 4);
                break;
            case "images swapped":
                File.Copy(
                    Path.Combine(Data, "train/bee/0.png"),
                    Path.Combine(Data, "train/ant/0.png"),
                    overwrite: true
                );
                break;
            default:
                _folder.Write("data/train/ant/new.png", SyntheticPictures.Png(9));
                break;
        }

        (await DmkdProcess.RunAsync(Home, "run", "--resume", TinyRun.Id)).IsRefused(Data, problem);
        (await DmkdProcess.RunAsync(Home, "runs", "resume", TinyRun.Id)).IsRefused(Data, problem);
    }

    [Fact]
    public async Task Resume_DataThatMoved_GoesOnWhereItIsNow()
    {
        await StartAndKillAsync();
        string moved = _folder["moved"];
        Directory.Move(Data, moved);

        (await DmkdProcess.RunAsync(Home, "run", "--resume", TinyRun.Id)).IsRefused($"{Data} does not exist");
        var outcome = await DmkdProcess.RunAsync(Home, "run", "--resume", TinyRun.Id, "--data-path", moved, "--json");

        Assert.Equal(0, Json.Parse(outcome.IsSuccess().Output).GetProperty("baselines").GetArrayLength());
        (await DmkdProcess.RunAsync(Home, "runs", "resume", TinyRun.Id)).IsSuccess(); // it is known from now on
    }

    public void Dispose() => _folder.Dispose();

    private async Task StartAndKillAsync()
    {
        WriteImages();
        string[] command = Command("--rounds", "2", "--no-baseline");
        using var process = DmkdProcess.Start(Home, command);
        await process.SeesAsync("task 1/2: expert-1 for");
        process.Kill();
        await process.EndAsync();
    }

    private Task<Outcome> RunAsync(params string[] more) => DmkdProcess.RunAsync(Home, Command(more));

    private string[] Command(params string[] more) =>
        ["run", "--id", TinyRun.Id, "--data-path", Data, "--tasks", "2", "--nodes", "2", "--epochs", "1", .. more];

    private void WriteImages()
    {
        for (int label = 0; label < Classes.Length; label++)
        {
            WriteClass($"data/train/{Classes[label]}", label);
            WriteClass($"data/test/{Classes[label]}", label);
        }
    }

    /// <summary>Images of one class, each of its own bytes: what follows the end of a PNG is not read.</summary>
    private void WriteClass(string folder, int label)
    {
        for (int i = 0; i < PerClass; i++)
            _folder.Write($"{folder}/{i}.png", [.. SyntheticPictures.Png(label), (byte)i]);
    }

    private static string Joined(string lines) => lines.Replace('\n', ' ');
}
