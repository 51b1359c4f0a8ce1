using Dmkd.Client.Tests.Running;

namespace Dmkd.Client.Tests;

/// <summary>
/// The legacy model as a teacher: what <c>preserve</c> says it gets right is what <c>evaluate</c> says.
/// </summary>
public sealed class PreserveTeacherTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Preserve_TorchScriptProgram_DistilsASurrogateFirst()
    {
        // image_script.pt computes ten logits from an image's mean colour.
        string program = Path.Combine(AppContext.BaseDirectory, "Fixtures", "image_script.pt");
        var legacy = await LegacyAsync(
            [.. TinyPreservation.Arguments(program, ("--normalize", "none")), "--torchscript"],
            modules: 3
        );
        double evaluated = await EvaluateAsync(
            "--checkpoint",
            program,
            "--torchscript",
            "--normalize",
            "none",
            "--test-per-class",
            $"{TinyPreservation.TestPerClass}"
        );
        Assert.Equal(evaluated, legacy.GetProperty("accuracy").GetDouble());
        Assert.InRange(legacy.GetProperty("surrogateAccuracy").GetDouble(), 0, 1);
        Assert.Equal("image_script.pt", legacy.GetProperty("source").GetString());
    }

    [Fact]
    public async Task Preserve_RealResNet20_KnowsWhatTheLegacyModelGetsRight()
    {
        string[] model =
        [
            "--checkpoint",
            SharedFiles.ResNet20,
            "--architecture",
            "resnet20",
            "--data",
            "images",
            "--data-path",
            SharedFiles.CifarImages,
            "--test-per-class",
            "20",
        ];
        var legacy = await LegacyAsync(
            ["preserve", .. model, "--train-per-class", "20", "--epochs", "1", "--gate-epochs", "1"],
            modules: 3
        );
        Assert.Equal(await EvaluateAsync(model), legacy.GetProperty("accuracy").GetDouble());
        Assert.InRange(legacy.GetProperty("accuracy").GetDouble(), 0.7, 0.9); // 0.81 of all images, 200 here
    }

    public void Dispose() => _folder.Dispose();

    private async Task<System.Text.Json.JsonElement> LegacyAsync(string[] arguments, int modules)
    {
        var document = Json.Parse(
            (await DmkdCommand.RunAsync(_folder["home"], [.. arguments, "--json"])).IsSuccess().Output
        );
        Assert.Equal(modules, document.GetProperty("modules").GetArrayLength());
        return document.GetProperty("legacy");
    }

    private async Task<double> EvaluateAsync(params string[] arguments) =>
        Json.Parse(
                (
                    await DmkdCommand.RunAsync(
                        _folder["home"],
                        ["evaluate", "--data", "synthetic", .. arguments, "--json"]
                    )
                )
                    .IsSuccess()
                    .Output
            )
            .GetProperty("accuracy")
            .GetDouble();
}
