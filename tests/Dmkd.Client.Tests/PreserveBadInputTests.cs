using System.Text;
using Dmkd.Client.Tests.Running;

namespace Dmkd.Client.Tests;

/// <summary>What <c>preserve</c> refuses, it refuses before anything is stored.</summary>
public sealed class PreserveBadInputTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Checkpoint => _folder.Write("legacy.safetensors", SmallNetwork.File());

    [Theory]
    [InlineData("--checkpoint", null, "--checkpoint", "--resume")]
    [InlineData("--checkpoint", "no-such.pt", "no-such.pt")]
    [InlineData("--architecture", null, "--architecture")]
    [InlineData("--architecture", "resnet21", "'resnet21'", "resnet20")]
    [InlineData("--architecture", "convnet(3x32x32;8-16-16-16;7)", "10 classes", "7 outputs")]
    [InlineData("--architecture", "convnet(3x16x16;8-16-16-16;10)", "3x32x32", "3x16x16")]
    [InlineData("--experts", "0", "--experts", "[1, 1000]", "not 0")]
    [InlineData("--experts", "11", "10 classes", "not 11")]
    [InlineData("--experts", "6", "at least 2 classes", "at most 5 experts", "not 6")]
    [InlineData("--classes-per-expert", "0;1,2,3,4,5,6,7,8,9", "at least 2 classes", "one has 1")]
    [InlineData("--alpha", "1.5", "--alpha", "[0, 1]", "not 1.5")]
    [InlineData("--alpha", "0,5", "--alpha", "a number such as 0.002", "'0,5'")]
    [InlineData("--data", null, "No data set is named", "--data-path", "--data synthetic")]
    [InlineData("--classes-per-expert", "arrow,cat;1,2,3,4,5,6,7,8,9", "--classes-per-expert", "'cat'", "arrow, boat")]
    [InlineData("--classes-per-expert", "0,1,2,3;4,5,6,7,8", "--classes-per-expert", "umbrella")]
    [InlineData("--classes-per-expert", "0,1,2,3,9;4,5,6,7,8,9", "--classes-per-expert", "umbrella 2 times")]
    [InlineData("--classes-per-expert", "4", "--classes-per-expert", "3 groups", "asks for 2")]
    [InlineData("--expert-size", "0.2", "An expert", "20.0", "(--expert-size)", "25 %", "(--min-width)", "22.7")]
    [InlineData("--gate-size", "0.1", "gate network", "10.0", "(--gate-size)", "10 %", "22.7", "0 for no gate network")]
    [InlineData("--partition", "fair", "--partition", "spectral, random, importance", "'fair'")]
    [InlineData("--scores", "fair", "--scores", "gradient, magnitude", "'fair'")]
    [InlineData("--normalize", "fair", "--normalize", "standard, imagenet", "'fair'")]
    [InlineData("--train-per-class", "1", "1")]
    public async Task Preserve_BadOption_IsRefusedInOneLine(string option, string? value, params string[] parts) =>
        Refused(await PreserveAsync(Checkpoint, (option, value)), parts);

    [Fact]
    public async Task Preserve_OtherWeights_ListsWhatDoesNotFit()
    {
        var outcome = await PreserveAsync(Checkpoint, ("--architecture", "convnet(3x32x32;8-16-16-24;10)"));
        Assert.Equal(2, outcome.ExitCode);
        Assert.StartsWith(
            "dmkd: The checkpoint does not fit convnet(3x32x32;8-16-16-24;10): 0 weights missing, 0 "
                + "unexpected, 6 of another shape",
            outcome.Error,
            StringComparison.Ordinal
        );
        Assert.All(outcome.Error.TrimEnd('\n').Split('\n').Skip(1), line => Assert.True(line.Length <= 100, line));
        Assert.Equal("", outcome.Output);
        Assert.False(Directory.Exists(outcome.Home));
    }

    [Fact]
    public async Task Preserve_PickleThatRunsACommand_IsRefusedAndNotRun()
    {
        string traces = _folder["traces"];
        Refused(
            await PreserveAsync(_folder.Write("evil.pth", PickleOf($"touch {traces}"))),
            ["evil.pth", "refused global 'posix.system'"]
        );
        Assert.False(File.Exists(traces));
    }

    [Fact]
    public async Task Preserve_NoCheckpoint_IsRefused() =>
        Refused(await PreserveAsync(_folder.Write("noise.pth", [1, 2, 3])), ["noise.pth", "safetensors"]);

    [Fact]
    public async Task Preserve_PlotThatExists_IsRefusedAndKept()
    {
        string plot = _folder.Write("partition.png", [1, 2, 3]);
        Refused(await PreserveAsync(Checkpoint, ("--plot", plot)), [plot, "--force"]);
        Assert.Equal([1, 2, 3], await File.ReadAllBytesAsync(plot, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Preserve_PlotAndABadOption_LeavesNoFile()
    {
        Refused(
            await PreserveAsync(Checkpoint, ("--plot", _folder["partition.png"]), ("--experts", "0")),
            ["--experts"]
        );
        Assert.Equal(["legacy.safetensors"], Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Preserve_ResumeInAHomeWithNothing_IsRefused()
    {
        var outcome = await DmkdCommand.RunAsync(_folder["home"], "preserve", "--resume", "small");
        Refused(outcome, [outcome.Home, "--home"]);
    }

    [Fact]
    public async Task Preserve_ProgramOfOtherShape_IsRefused()
    {
        string program = Path.Combine(AppContext.BaseDirectory, "Fixtures", "script.pt");
        Refused(
            await DmkdCommand.RunAsync(_folder["home"], [.. TinyPreservation.Arguments(program), "--torchscript"]),
            ["TorchScript"]
        );
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>
    /// What <c>torch.save</c> wrote before version 1.6, with a call of os.system where the state dict should be.
    /// </summary>
    private static byte[] PickleOf(string command)
    {
        byte[] magic = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, (byte)'.'],
            version = [0x80, 2, (byte)'M', 0xe9, 3, (byte)'.'];
        byte[] machine = [0x80, 2, .. "}X"u8, 13, 0, 0, 0, .. "little_endian"u8, 0x88, .. "s."u8],
            text = Encoding.UTF8.GetBytes(command);
        return
        [
            .. magic,
            .. version,
            .. machine,
            0x80,
            2,
            .. "cposix\nsystem\nX"u8,
            .. BitConverter.GetBytes(text.Length),
            .. text,
            0x85,
            (byte)'R',
            (byte)'.',
            0x80,
            2,
            (byte)']',
            (byte)'.',
        ];
    }

    private static void Refused(Outcome outcome, string[] parts)
    {
        outcome.IsRefused(parts);
        Assert.DoesNotContain("(Parameter", outcome.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(outcome.Home));
    }

    private Task<Outcome> PreserveAsync(string checkpoint, params (string Option, string? Value)[] changes) =>
        DmkdCommand.RunAsync(_folder["home"], TinyPreservation.Arguments(checkpoint, changes));
}
