using System.Buffers.Binary;
using Dmkd.Client.Tests.Running;
using Dmkd.Core.Tests.Checkpoints;

namespace Dmkd.Client.Tests;

/// <summary>What is wrong with a legacy network is said before anything is built on it.</summary>
public sealed class LegacyNetworkTests : IDisposable
{
    private const int HeadBias = 10;
    private const int HeadWeight = 160;
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Evaluate_WeightThatIsNaN_IsRefusedWithItsPlace() =>
        (await EvaluateAsync(Network((HeadBias, float.NaN)))).IsRefused("'head.bias'", "is NaN at [0]");

    [Fact]
    public async Task Convert_WeightThatIsNaN_IsRefusedAndLeavesNoFile()
    {
        string output = _folder["out.safetensors"];
        (
            await DmkdProcess.RunAsync(
                _folder["home"],
                [
                    "convert",
                    "--checkpoint",
                    Network((1, float.NaN)),
                    "--architecture",
                    SmallNetwork.Architecture,
                    "--output",
                    output,
                ]
            )
        ).IsRefused("'head.bias'", "is NaN at [9]");
        Assert.False(File.Exists(output));
    }

    [Fact]
    public async Task Preserve_WeightThatIsNaN_IsRefusedBeforeAnythingIsStored()
    {
        var outcome = await DmkdProcess.RunAsync(
            _folder["home"],
            TinyPreservation.Arguments(Network((HeadBias + HeadWeight, float.PositiveInfinity)))
        );
        outcome.IsRefused("'head.weight'", "is infinite at [0, 0]");
        Assert.False(Directory.Exists(outcome.Home));
    }

    [Fact]
    public async Task Evaluate_AnswersThatAreNotFinite_AreNoAccuracy() =>
        (
            await EvaluateAsync(
                Network([.. Enumerable.Range(HeadBias + 1, HeadWeight).Select(place => (place, 3e38f))])
            )
        ).IsRefused("300 of 300 images got no finite answer", "no accuracy");

    [Fact]
    public async Task Evaluate_NetworkThatSaysOneClass_IsWarnedOf()
    {
        var zeros = Enumerable.Range(HeadBias + 1, HeadWeight).Select(place => (place, 0f));
        var outcome = (await EvaluateAsync(Network([(HeadBias, 1), .. zeros]), "--json")).IsSuccess();
        Assert.Equal(30, Json.Parse(outcome.Output).GetProperty("correct").GetInt32());
        Assert.Contains(
            "warning: 30 of 300 images right is no more than chance with 10 classes",
            outcome.Error,
            StringComparison.Ordinal
        );
        Assert.Contains("--normalize", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Evaluate_OwnStatistics_NormaliseAsTheirName()
    {
        string network = Network();
        (await EvaluateAsync(network, "--normalize", "standard", "--logits", _folder["a"])).IsSuccess();
        (await EvaluateAsync(network, "--normalize", "mean=0.5;std=0.25", "--logits", _folder["b"])).IsSuccess();
        Assert.Equal(
            await File.ReadAllBytesAsync(_folder["a"], TestContext.Current.CancellationToken),
            await File.ReadAllBytesAsync(_folder["b"], TestContext.Current.CancellationToken)
        );
    }

    [Fact]
    public async Task Evaluate_MalformedStatistics_AreRefused() =>
        (await EvaluateAsync(Network(), "--normalize", "mean=0.5;std=0")).IsRefused("deviations must be above 0");

    [Fact]
    public async Task Evaluate_KeyThatIsNotThere_ListsTheKeys() =>
        (await EvaluateAsync(Network(), "--key", "ema")).IsRefused("'ema'", "'conv1', 'norm1'");

    [Fact]
    public async Task Evaluate_IgnoredWeight_IsMissing()
    {
        var outcome = await EvaluateAsync(Network(), "--ignore", "norm1.*", "--ignore", "head.bias");
        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains("5 weights missing, 0 unexpected", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Evaluate_ProgramThatReturnsATuple_CountsItsFirstTensor()
    {
        const string Body =
            "    m = torch.mean(x, [2, 3])\n    return (torch.slice(torch.cat([m, m, m, m], 1), 1, 0, 10), m)\n";
        string program = _folder.Write("tuple.pt", ScriptPrograms.Of(Body, "Tuple[Tensor, Tensor]"));
        var outcome = (await ProgramAsync(program, "--json")).IsSuccess();
        Assert.Equal(300, Json.Parse(outcome.Output).GetProperty("total").GetInt32());
    }

    [Fact]
    public async Task Evaluate_ProgramThatEndsInSoftmax_IsSaid()
    {
        const string Body =
            "    m = torch.mean(x, [2, 3])\n    return torch.softmax(torch.slice(torch.cat([m, m, m, m], 1), 1, 0, 10), 1)\n";
        var outcome = (await ProgramAsync(_folder.Write("soft.pt", ScriptPrograms.Of(Body)))).IsSuccess();
        Assert.Contains("ends in a softmax", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Evaluate_ProgramInTrainingMode_IsRefused()
    {
        const string Body =
            "    m = torch.dropout(torch.mean(x, [2, 3]), 0.5, True)\n    return torch.slice(torch.cat([m, m, m, m], 1), 1, 0, 10)\n";
        (await ProgramAsync(_folder.Write("drop.pt", ScriptPrograms.Of(Body)))).IsRefused("training mode", "eval()");
    }

    [Fact]
    public async Task Evaluate_ProgramThatReadsFiles_IsRefused() =>
        (await ProgramAsync(_folder.Write("file.pt", ScriptPrograms.Returning("torch.from_file(\"a\")")))).IsRefused(
            "torch.from_file"
        );

    [Fact]
    public async Task Evaluate_KeyOfAProgram_IsRefused() =>
        (await ProgramAsync(_folder.Write("p.pt", ScriptPrograms.Returning("x")), "--key", "a")).IsRefused("--key");

    public void Dispose() => _folder.Dispose();

    /// <summary>The network with other values, by their place from the file's end, which the head is at.</summary>
    private string Network(params (int FromEnd, float Value)[] changes)
    {
        byte[] file = SmallNetwork.File();
        foreach (var (fromEnd, value) in changes)
            BinaryPrimitives.WriteSingleLittleEndian(file.AsSpan(file.Length - sizeof(float) * fromEnd), value);
        return _folder.Write("network.safetensors", file);
    }

    private Task<Outcome> EvaluateAsync(string network, params string[] more) =>
        DmkdProcess.RunAsync(
            _folder["home"],
            [
                "evaluate",
                "--data",
                "synthetic",
                "--checkpoint",
                network,
                "--architecture",
                SmallNetwork.Architecture,
                "--test-per-class",
                "30",
                .. more,
            ]
        );

    private Task<Outcome> ProgramAsync(string program, params string[] more) =>
        DmkdProcess.RunAsync(
            _folder["home"],
            [
                "evaluate",
                "--data",
                "synthetic",
                "--checkpoint",
                program,
                "--torchscript",
                "--test-per-class",
                "30",
                "--normalize",
                "none",
                .. more,
            ]
        );
}
