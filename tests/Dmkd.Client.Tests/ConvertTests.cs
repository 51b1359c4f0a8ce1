using Dmkd.Client.Tests.Running;

namespace Dmkd.Client.Tests;

/// <summary>A converted checkpoint is the same network, and a refused one leaves nothing behind.</summary>
public sealed class ConvertTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Convert_RealResNet20_GivesTheSameLogits()
    {
        string source = SharedFiles.ResNet20,
            converted = _folder["resnet20.safetensors"];
        (await ConvertAsync(source, converted)).IsSuccess();
        (await LogitsAsync(source, _folder["source.safetensors"])).IsSuccess();
        (await LogitsAsync(converted, _folder["converted.safetensors"])).IsSuccess();
        Assert.Equal(await ReadAsync("source.safetensors"), await ReadAsync("converted.safetensors"));
        Assert.Equal([200, 10], new SafeTensors(_folder["converted.safetensors"]).Shape("logits"));
    }

    [Fact]
    public async Task Convert_RealResNet20_SaysWhereTheWeightsCameFrom()
    {
        string converted = _folder["resnet20.safetensors"];
        var printed = Json.Parse((await ConvertAsync(SharedFiles.ResNet20, converted, "--json")).IsSuccess().Output);
        var file = new SafeTensors(converted);
        Assert.Equal(["output", "digest", "bytes", "tensors"], printed.Names());
        Assert.Equal(converted, printed.GetProperty("output").GetString());
        Assert.Equal(file["dmkd.digest"], printed.GetProperty("digest").GetString());
        Assert.Equal(new FileInfo(converted).Length, printed.GetProperty("bytes").GetInt64());
        Assert.Equal(file.TensorNames.Length, printed.GetProperty("tensors").GetInt32());
        Assert.Equal(
            [
                "pt",
                "resnet20-12fca82f.th",
                "pytorch-legacy",
                "sha256:12fca82f0bebc4135bf1f32f6e3710e61d5108578464b84fd6d7f5c1b04036c8",
            ],
            [file["format"], file["dmkd.source.file"], file["dmkd.source.format"], file["dmkd.source.digest"]]
        );
        Assert.StartsWith("cifar-resnet(", file["dmkd.architecture"], StringComparison.Ordinal);
        // the architecture's own name, and as many outputs as the checkpoint has
        Assert.Equal([10, 64], file.Shape("linear.weight"));
    }

    [Fact]
    public async Task Convert_Converted_GivesTheSameWeights()
    {
        (await ConvertAsync(SharedFiles.ResNet20, _folder["one.safetensors"])).IsSuccess();
        (await ConvertAsync(_folder["one.safetensors"], _folder["two.safetensors"])).IsSuccess();
        Assert.Equal(
            new SafeTensors(_folder["one.safetensors"])["dmkd.digest"],
            new SafeTensors(_folder["two.safetensors"])["dmkd.digest"]
        );
    }

    [Fact]
    public async Task Convert_ExistingOutput_IsRefusedAndKept()
    {
        string output = _folder.Write("model.safetensors", [1, 2, 3]);
        (await ConvertAsync(Junk(), output)).IsRefused(output, "--force");
        Assert.Equal([1, 2, 3], await File.ReadAllBytesAsync(output, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Convert_ForceWithBadCheckpoint_KeepsWhatIsThere()
    {
        string output = _folder.Write("model.safetensors", [1, 2, 3]);
        (await ConvertAsync(Junk(), output, "--force")).IsRefused("model.th", "safetensors");
        Assert.Equal([1, 2, 3], await File.ReadAllBytesAsync(output, TestContext.Current.CancellationToken));
        Assert.Equal(2, Directory.GetFileSystemEntries(_folder.Path).Length); // no temporary file
    }

    [Fact]
    public async Task Convert_Force_ReplacesWhatIsThere()
    {
        string output = _folder.Write("model.safetensors", [1, 2, 3]);
        (await ConvertAsync(SharedFiles.ResNet20, output, "--force")).IsSuccess();
        Assert.NotEmpty(new SafeTensors(output).TensorNames);
    }

    [Fact]
    public async Task Convert_MissingCheckpoint_IsRefused() =>
        (await ConvertAsync(_folder["no.th"], _folder["out"])).IsRefused("no.th");

    [Fact]
    public async Task Convert_FolderThatIsNotThere_IsRefused() =>
        (await ConvertAsync(Junk(), _folder["no/out"])).IsRefused("no", "folder");

    [Fact]
    public async Task Convert_OutputIsAFolder_IsRefused() =>
        (await ConvertAsync(Junk(), _folder.Path)).IsRefused(_folder.Path, "folder");

    [Fact]
    public async Task Convert_FolderThatTakesNoFiles_IsRefused()
    {
        Assert.SkipWhen(Environment.IsPrivilegedProcess, "Root may write everywhere.");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(
                Directory.CreateDirectory(_folder["locked"]).FullName,
                UnixFileMode.UserRead | UnixFileMode.UserExecute
            );
        (await ConvertAsync(Junk(), _folder["locked/out"])).IsRefused("locked", "cannot be written");
    }

    [Fact]
    public async Task Convert_TextFormThatDoesNotFit_ShowsTheTableAtOnce()
    {
        byte[] header = """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"""u8.ToArray();
        string file = _folder.Write(
            "small.safetensors",
            [.. BitConverter.GetBytes((long)header.Length), .. header, 0, 0, 0, 0]
        );
        var outcome = await DmkdCommand.RunAsync(
            _folder["home"],
            "convert",
            "--checkpoint",
            file,
            "--architecture",
            "mlp(3x32x32;4-3;4)",
            "--output",
            _folder["out.safetensors"]
        );
        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains("does not fit mlp(3x32x32;4-3;4): 6 weights missing", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("head.weight ", outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("--outputs", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Convert_UnknownArchitecture_IsRefused() =>
        (
            await DmkdCommand.RunAsync(
                _folder["home"],
                "convert",
                "--checkpoint",
                Junk(),
                "--architecture",
                "resnet21",
                "--output",
                _folder["out"]
            )
        ).IsRefused("resnet21", "resnet20");

    [Fact]
    public async Task Convert_MalformedTextForm_IsRefused() =>
        (
            await DmkdCommand.RunAsync(
                _folder["home"],
                "convert",
                "--checkpoint",
                Junk(),
                "--architecture",
                "convnet(3x32",
                "--output",
                _folder["out"]
            )
        ).IsRefused("convnet(3x32");

    public void Dispose() => _folder.Dispose();

    private Task<byte[]> ReadAsync(string name) =>
        File.ReadAllBytesAsync(_folder[name], TestContext.Current.CancellationToken);

    private string Junk() => _folder.Write("model.th", "cos\nsystem\n(S'true'\ntR."u8.ToArray());

    private Task<Outcome> ConvertAsync(string checkpoint, string output, params string[] more) =>
        DmkdCommand.RunAsync(
            _folder["home"],
            ["convert", "--checkpoint", checkpoint, "--architecture", "resnet20", "--output", output, .. more]
        );

    private Task<Outcome> LogitsAsync(string checkpoint, string output) =>
        DmkdCommand.RunAsync(
            _folder["home"],
            "evaluate",
            "--checkpoint",
            checkpoint,
            "--architecture",
            "resnet20",
            "--data",
            "images",
            "--data-path",
            SharedFiles.CifarImages,
            "--test-per-class",
            "20",
            "--logits",
            output
        );
}
