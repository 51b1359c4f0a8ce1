using Dmkd.Client.Tests.Running;
using Dmkd.Data.Images.Synthetic;

namespace Dmkd.Client.Tests;

/// <summary>
/// <c>evaluate</c> with a TorchScript program: <c>image_script.pt</c> computes ten logits from an image's mean colour.
/// </summary>
public sealed class TorchScriptTests : IDisposable
{
    private const int PerClass = 30;
    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "Fixtures", "image_script.pt");
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Evaluate_Program_WritesTheLogitsInImageOrder()
    {
        string output = _folder["logits.safetensors"];
        var outcome = (await EvaluateAsync(Program, "--torchscript", "--logits", output, "--json")).IsSuccess();
        var images = SyntheticImages.Generate(trainPerClass: 2, testPerClass: PerClass, seed: 1).Test;
        var file = new SafeTensors(output);
        float[] logits = file.Floats("logits");
        int right = 0;
        Assert.Equal([images.Count, 10], file.Shape("logits")); // more than one batch
        for (int i = 0; i < images.Count; i++)
        {
            double[] expected = ByHand(images.Image(i));
            for (int label = 0; label < 10; label++)
                Assert.Equal(expected[label], logits[10 * i + label], 1e-4); // fp32 sums over 1,024 pixels
            if (Array.IndexOf(expected, expected.Max()) == images.Labels[i])
                right++;
        }

        Assert.Equal(right, Json.Parse(outcome.Output).GetProperty("correct").GetInt32());
    }

    [Fact]
    public async Task Evaluate_ProgramOfOtherShape_IsRefused() =>
        (
            await EvaluateAsync(Path.Combine(AppContext.BaseDirectory, "Fixtures", "script.pt"), "--torchscript")
        ).IsRefused("TorchScript", "[250, 3, 32, 32]");

    [Fact]
    public async Task Evaluate_ProgramWithoutTheOption_IsNotRun() =>
        (await EvaluateAsync(Program, "--architecture", "resnet20")).IsRefused("TorchScript");

    [Fact]
    public async Task Evaluate_ProgramAndArchitecture_IsRefused() =>
        (await EvaluateAsync(Program, "--torchscript", "--architecture", "resnet20")).IsRefused("--architecture");

    [Fact]
    public async Task Evaluate_NeitherProgramNorArchitecture_IsRefused() =>
        (await EvaluateAsync(Program)).IsRefused("--architecture", "--torchscript");

    [Fact]
    public async Task Evaluate_ExistingLogits_IsRefused() =>
        (await EvaluateAsync(Program, "--torchscript", "--logits", _folder.Write("out", [1]))).IsRefused("--force");

    public void Dispose() => _folder.Dispose();

    private static double[] ByHand(ReadOnlySpan<byte> pixels)
    {
        int plane = pixels.Length / 3;
        double[] means = new double[3];
        for (int i = 0; i < pixels.Length; i++)
            means[i / plane] += pixels[i] / 255.0 / plane;
        return
        [
            .. Enumerable
                .Range(0, 10)
                .Select(label => label * means[0] + (5 - label) * means[1] + label % 2 * means[2] + label / 8.0),
        ];
    }

    private Task<Outcome> EvaluateAsync(string path, params string[] more) =>
        DmkdCommand.RunAsync(
            _folder["home"],
            [
                "evaluate",
                "--checkpoint",
                path,
                "--data",
                "synthetic",
                "--test-per-class",
                $"{PerClass}",
                "--normalize",
                "none",
                .. more,
            ]
        );
}
