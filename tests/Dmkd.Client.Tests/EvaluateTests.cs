using System.Text.Json;
using Dmkd.Client.Tests.Running;

namespace Dmkd.Client.Tests;

/// <summary>An imported checkpoint is what it was where it came from.</summary>
public sealed class EvaluateTests : IDisposable
{
    private const int KnownCorrect = 8103; // of these 10,000 images, by Python's torch on the same files
    private const int Tolerance = 5; // another JPEG decoder or sum order may turn a few
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Evaluate_RealResNet20_GetsTheKnownNumberRight()
    {
        var outcome = await DmkdCommand.RunAsync(
            _folder["home"],
            "evaluate",
            "--checkpoint",
            SharedFiles.ResNet20,
            "--architecture",
            "resnet20",
            "--data",
            "images",
            "--data-path",
            SharedFiles.CifarImages,
            "--normalize",
            "imagenet",
            "--json"
        );
        Assert.Equal(0, outcome.ExitCode);
        using var document = System.Text.Json.JsonDocument.Parse(outcome.Output);
        Assert.Equal(
            ["correct", "total", "accuracy", "macroF1", "classes"],
            document.RootElement.EnumerateObject().Select(field => field.Name)
        );
        Assert.Equal(10_000, document.RootElement.GetProperty("total").GetInt32());
        Assert.InRange(
            document.RootElement.GetProperty("correct").GetInt32(),
            KnownCorrect - Tolerance,
            KnownCorrect + Tolerance
        );
        Assert.False(Directory.Exists(outcome.Home)); // nothing is stored
    }

    [Fact]
    public async Task Evaluate_OtherArchitecture_ListsWhatDoesNotFit()
    {
        var outcome = await DmkdCommand.RunAsync(
            _folder["home"],
            "evaluate",
            "--checkpoint",
            SharedFiles.ResNet20,
            "--architecture",
            "resnet32",
            "--data",
            "synthetic",
            "--test-per-class",
            "1"
        );
        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(
            "60 weights missing, 0 unexpected, 0 of another shape",
            outcome.Error,
            StringComparison.Ordinal
        );
        Assert.Contains("layer1.3.conv1.weight", outcome.Error, StringComparison.Ordinal);
        Assert.Equal("", outcome.Output);
    }

    [Fact]
    public async Task Evaluate_NoCheckpoint_IsRefused()
    {
        string path = _folder.Write("model.th", "cos\nsystem\n(S'true'\ntR."u8.ToArray());
        (
            await DmkdCommand.RunAsync(
                _folder["home"],
                "evaluate",
                "--checkpoint",
                path,
                "--architecture",
                "resnet20",
                "--data",
                "synthetic",
                "--test-per-class",
                "1"
            )
        ).IsRefused("model.th", "safetensors");
    }

    [Fact]
    public async Task Evaluate_ConvertedCheckpoint_NeedsNoArchitecture()
    {
        string home = _folder["home"],
            original = _folder.Write("small.safetensors", SmallNetwork.File()),
            converted = _folder["converted.safetensors"];
        string[] data = ["--data", "synthetic", "--test-per-class", "2", "--json"];
        string[] architecture = ["--architecture", SmallNetwork.Architecture];
        (
            await DmkdCommand.RunAsync(
                home,
                ["convert", "--checkpoint", original, .. architecture, "--output", converted]
            )
        ).IsSuccess();
        string named = (
            await DmkdCommand.RunAsync(home, ["evaluate", "--checkpoint", original, .. architecture, .. data])
        )
            .IsSuccess()
            .Output;
        Assert.Equal(
            named,
            (await DmkdCommand.RunAsync(home, ["evaluate", "--checkpoint", converted, .. data])).IsSuccess().Output
        );
        (await DmkdCommand.RunAsync(home, ["evaluate", "--checkpoint", original, .. data])).IsRefused(
            "--architecture is required"
        );
    }

    [Fact]
    public async Task Evaluate_UnknownArchitecture_IsRefused()
    {
        string path = _folder.Write("model.th", [1]);
        (
            await DmkdCommand.RunAsync(
                _folder["home"],
                "evaluate",
                "--checkpoint",
                path,
                "--architecture",
                "resnet21",
                "--data",
                "synthetic",
                "--test-per-class",
                "1"
            )
        ).IsRefused("resnet21", "resnet20");
    }

    public void Dispose() => _folder.Dispose();
}

/// <summary>A library is evaluated as its run was.</summary>
[Collection(SharedHome.Name)]
public sealed class LibraryEvaluationTests(FinishedRun finished) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Evaluate_Library_IsAsGoodAsItsRunSaid()
    {
        var result = await EvaluateAsync();
        double stated = finished.Document.GetProperty("finalAccuracy").GetDouble();
        Assert.Equal(stated, result.GetProperty("accuracy").GetDouble(), 1e-9); // tasks of equal size
        Assert.Equal(
            finished.Document.GetProperty("macroF1").GetDouble(),
            result.GetProperty("macroF1").GetDouble(),
            1e-9
        );
    }

    [Fact]
    public async Task Evaluate_Library_CountsEachClass()
    {
        var result = await EvaluateAsync();
        var classes = result.GetProperty("classes").EnumerateArray().ToList();
        Assert.Equal(10, classes.Count);
        Assert.Equal(Sum(classes, "correct"), result.GetProperty("correct").GetInt64());
        Assert.Equal(Sum(classes, "total"), result.GetProperty("total").GetInt64());
        Assert.All(
            classes,
            entry =>
                Assert.Equal(
                    entry.GetProperty("total").GetInt64(),
                    entry.GetProperty("predicted").EnumerateObject().Sum(answer => answer.Value.GetInt64())
                )
        );
    }

    [Fact]
    public async Task Evaluate_ExportedLibrary_AnswersTheSame()
    {
        string archive = _folder["library"];
        (await RunAsync("library", "export", TinyRun.Id, "--output", archive)).IsSuccess();
        Assert.Equal(
            JsonSerializer.Serialize(await EvaluateAsync()),
            JsonSerializer.Serialize(await EvaluateAsync("--archive", archive))
        );
    }

    [Fact]
    public async Task Evaluate_EachModule_IsAsGoodAsTheRunSaidWithTheTaskKnown()
    {
        JsonElement[] results =
        [
            await EvaluateAsync("--module", "expert-1"),
            await EvaluateAsync("--module", "expert-2"),
        ];
        Assert.Equal(
            finished.Document.GetProperty("taskIncrementalAccuracy").GetDouble(),
            results.Average(result => result.GetProperty("accuracy").GetDouble()),
            1e-9
        );
        Assert.Equal(["expert-1", "expert-2"], results.Select(result => result.GetProperty("module").GetString()));
        Assert.All(results, result => Assert.Equal(50, result.GetProperty("leftOut").GetInt32()));
        Assert.Equal(
            ["arrow", "boat", "bottle", "cup", "flag"],
            results[0].GetProperty("classes").EnumerateArray().Select(entry => entry.GetProperty("class").GetString())
        );
        Assert.All(results, result => Assert.Equal(50, Sum(result.GetProperty("classes").EnumerateArray(), "total")));
    }

    [Fact]
    public async Task Evaluate_ModuleInAnArchiveOrExported_IsTheSame()
    {
        string archive = _folder["library"],
            file = _folder["expert-2.safetensors"];
        string inHome = JsonSerializer.Serialize(await EvaluateAsync("--module", "expert-2"));
        (await RunAsync("library", "export", TinyRun.Id, "--output", archive)).IsSuccess();
        Assert.Equal(
            inHome,
            JsonSerializer.Serialize(await EvaluateAsync("--archive", archive, "--module", "expert-2"))
        );
        (await RunAsync("modules", "export", "expert-2", "--output", file)).IsSuccess();
        Assert.Equal(inHome, JsonSerializer.Serialize(await EvaluateAsync("--checkpoint", file)));

        byte[] content = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
        content[^1] ^= 1;
        string changed = _folder.Write("changed.safetensors", content);
        (await RunAsync([.. Arguments, "--checkpoint", changed])).IsRefused("changed.safetensors", "digest");
        (await RunAsync([.. Arguments, "--checkpoint", file, "--logits", "x"])).IsRefused(
            "--logits",
            "exported module"
        );
        (await RunAsync([.. Arguments, "--checkpoint", file, "--module", "expert-2"])).IsRefused("--module", "library");
    }

    [Fact]
    public async Task Evaluate_Module_TellsWhatIsLeftOutAndHowEachClassIsTold()
    {
        var outcome = (await RunAsync([.. Arguments, "--module", "expert-2"])).IsSuccess();
        Assert.Contains(
            "50 test images of classes that module 'expert-2' does not know",
            outcome.Error,
            StringComparison.Ordinal
        );
        Assert.Contains("5 umbrella", outcome.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("arrow", outcome.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--module", "expert-9", "expert-1, expert-2")]
    [InlineData("--top", "2", "one module")]
    [InlineData("--gate", "evidence", "one module")]
    public async Task Evaluate_ModuleAskedForWhatItLacks_IsRefused(string option, string value, string why) =>
        (
            await RunAsync([
                .. Arguments,
                option,
                value,
                .. option == "--module" ? [] : (string[])["--module", "expert-1"],
            ])
        ).IsRefused(why, option == "--module" ? $"'{value}'" : option);

    [Fact]
    public async Task Evaluate_Tables_Fit()
    {
        string output = (await RunAsync([.. Arguments])).IsSuccess().Output;
        Assert.Contains("macro-F1", output, StringComparison.Ordinal);
        Assert.Contains("10 umbrella", output, StringComparison.Ordinal);
        Assert.All(output.Split('\n'), line => Assert.InRange(line.TrimEnd().Length, 0, 80));
    }

    [Fact]
    public async Task Evaluate_ClassesThatTheLibraryDoesNotKnow_AreRefused()
    {
        foreach (string name in (string[])["cat", "dog"])
            _folder.Write($"data/test/{name}/1.png", SyntheticPictures.Png(0));
        (await RunAsync("evaluate", "--data-path", _folder["data"])).IsRefused(TinyRun.Id, "2 classes", "'cat'");
    }

    [Theory]
    [InlineData("--architecture", "resnet20")]
    [InlineData("--logits", "x.safetensors")]
    [InlineData("--normalize", "imagenet")]
    [InlineData("--key", "model")]
    public async Task Evaluate_WhatOnlyACheckpointTakes_IsRefused(string option, string value) =>
        (await RunAsync([.. Arguments, option, value])).IsRefused(option, "checkpoint");

    public void Dispose() => _folder.Dispose();

    private static string[] Arguments => ["evaluate", "--data", "synthetic", "--test-per-class", "10"];

    private static long Sum(IEnumerable<JsonElement> classes, string field) =>
        classes.Sum(entry => entry.GetProperty(field).GetInt64());

    private async Task<JsonElement> EvaluateAsync(params string[] more) =>
        Json.Parse((await RunAsync([.. Arguments, .. more, "--json"])).IsSuccess().Output);

    private Task<Outcome> RunAsync(params string[] arguments) => DmkdCommand.RunAsync(finished.Home, arguments);
}
