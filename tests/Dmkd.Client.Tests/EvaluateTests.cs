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
            ["correct", "total", "accuracy"],
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
