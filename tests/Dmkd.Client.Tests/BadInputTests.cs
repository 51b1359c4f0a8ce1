using Dmkd.Client.Tests.Running;

namespace Dmkd.Client.Tests;

/// <summary>Wrong input costs a line and nothing else: exit code 2, no output, no folder.</summary>
public sealed class BadInputTests : IDisposable
{
    private const int CifarRecord = 1 + 3 * 32 * 32;
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("run --wat 1", "'--wat'")]
    [InlineData("walk", "'walk'")]
    [InlineData("run --ronds 3", "'--ronds'", "Did you mean --rounds?")]
    [InlineData("prdict a.png", "'prdict'", "Did you mean predict?")]
    [InlineData("run --rounds 3 --rounds 0", "--rounds", "not 0")]
    [InlineData("run --rounds=0 --rounds many --rounds=-1", "--rounds", "not -1")]
    [InlineData("run --rounds many", "--rounds must be a whole number", "'many'")]
    [InlineData("run --rounds 0", "--rounds", "[1, 100000]", "not 0")]
    [InlineData("run --tasks 99999999999", "--tasks must be in [1, 1000], not 99999999999.")]
    [InlineData("run --seed 9223372036854775807", "--seed must be in [0, 2147483647], not 9223372036854775807.")]
    [InlineData("run --seed -1", "--seed must be in [0, 2147483647], not -1.")]
    [InlineData("run --rounds 1,000", "--rounds must be a whole number such as 12, without commas, not '1,000'.")]
    [InlineData("convert --checkpoint x --architecture mlp --output y --outputs 99999999999", "at most 2147483647")]
    [InlineData(
        "run --architecture mlp(3x999999x999999;1;10)",
        "is no mlp: The input's height and width must be in [4, 1024], not 999999. Expected, for example, mlp("
    )]
    [InlineData("run --architecture resnet21", "there are: mlp, ", "resnet50-pool. Did you mean resnet20?")]
    [InlineData("run --merge-rule krum-1e9", "krum-1e9' must be a whole number, as in krum-2; it is '1e9'.")]
    [InlineData("run --alpha 1.5", "--alpha", "[0, 1]", "not 1.5")]
    [InlineData("run --gate foo", "--gate", "evidence, entropy", "'foo'")]
    // a run's library has no gate network
    [InlineData("run --gate network", "--gate", "evidence, entropy", "'network'")]
    [InlineData("run --gate mlp", "--gate mlp", "--exemplars must be above 0")]
    [InlineData("run --calibration affine", "--calibration affine", "--exemplars must be above 0")]
    [InlineData(
        "run --calibration affine --gate hybrid --exemplars 20",
        "--calibration affine",
        "--gate evidence",
        "not hybrid"
    )]
    [InlineData("run --views 2", "--views", "1, 4 or 8", "not 2")]
    [InlineData("run --score margin", "--score", "max-logit, energy, probability", "'margin'")]
    [InlineData("run --start-from legacy --legacy-tasks 0", "--start-from legacy", "--legacy-tasks must be above 0")]
    [InlineData("run --widths 16,0", "--widths", "1 to 12 numbers of 1 to 2048 channels, such as 16,32,64, not '16,0'")]
    [InlineData("run --start-from nothing", "--start-from", "previous, random, similar, legacy", "'nothing'")]
    [InlineData("run --gate mlp --exemplars 5 --train-per-class 4 --test-per-class 1", "5 exemplars", "10 classes")]
    [InlineData("predict no-such.png --gate oracle", "--gate oracle", "knows the task")]
    [InlineData("predict no-such.png --views 3", "--views", "1, 4 or 8", "not 3")]
    [InlineData("run --data foo", "--data", "synthetic, images, cifar10, cifar100", "'foo'")]
    [InlineData("run --data images", "'images' needs a path", "--data-path")]
    [InlineData("run --data synthetic --data-path somewhere", "'synthetic' is drawn", "somewhere")]
    [InlineData("run --data-path no-such-folder", "no-such-folder does not exist")]
    [InlineData("run --learning-rate 0,002", "--learning-rate", "a number such as 0.002", "no commas", "'0,002'")]
    [InlineData("run --dirichlet 0,5", "--dirichlet", "'0,5'")]
    [InlineData("run --longest-wait 1,5", "--longest-wait", "'1,5'")]
    [InlineData("run --rounds 1,000", "--rounds", "a whole number such as 12", "'1,000'")]
    [InlineData("run --train-per-class 1,000", "--train-per-class", "'1,000'")]
    [InlineData("run --holdout 0,2", "--holdout", "'0,2'")]
    [InlineData("run --holdout 0.2 --train-per-class 4 --test-per-class 1", "--holdout", "'synthetic'")]
    [InlineData("run --task-sizes 5,5 --tasks 3", "--task-sizes", "2 tasks", "--tasks", "3")]
    [InlineData("run --task-sizes 5,4 --train-per-class 4 --test-per-class 1", "--task-sizes 5,4", "9 classes", "10")]
    [InlineData("run --task-sizes 9,1", "--task-sizes", "2 or more", "'9,1'")]
    [InlineData("run --class-order no-such-file", "natural", "no-such-file")]
    [InlineData("evaluate --checkpoint x.pt --architecture resnet20 --seed 1,5", "--seed", "'1,5'")]
    [InlineData("predict x.png --gate-vote 0,5", "--gate-vote", "'0,5'")]
    [InlineData("weights collect --grace 0,5", "--grace", "'0,5'")]
    [InlineData("run --tasks 6 --train-per-class 4 --test-per-class 1", "10 classes", "at most 5 tasks", "6 tasks")]
    [InlineData("run --nodes 500 --train-per-class 4 --test-per-class 1", "500 nodes")]
    [InlineData("modules show", "'name'")]
    [InlineData("modules export expert-1", "--output")]
    [InlineData("convert --checkpoint no-such.th --architecture resnet20", "--output")]
    [InlineData("convert --checkpoint no-such.th --architecture resnet20 --output out.safetensors", "no-such.th")]
    [InlineData("evaluate --checkpoint no-such.th --architecture resnet20", "no-such.th")]
    [InlineData(
        "evaluate --checkpoint no-such.th --architecture resnet20 --normalize fair",
        "--normalize",
        "standard, imagenet, cifar10, none",
        "'fair'"
    )]
    [InlineData("run --id ../x", "--id", "64 letters, digits", "'../x'")]
    [InlineData("run --id -x", "--id")]
    [InlineData("run --id ", "--id is empty")]
    [InlineData("run --resume ", "--resume is empty")]
    [InlineData("run --data-path ", "--data-path is empty")]
    [InlineData("preserve --library a\nb", "--library", "'a\\u000Ab'")]
    [InlineData("modules export expert-1 --output ", "--output is empty")]
    [InlineData("predict ", "<image> is empty")]
    [InlineData("predict", "'image'")]
    [InlineData("predict no-such.png", "no-such.png")]
    public async Task Command_BadArgument_IsRefusedInOneLine(string command, params string[] parts)
    {
        var outcome = await RunAsync(command.Split(' '));
        outcome.IsRefused(parts);
        Assert.DoesNotContain("(Parameter", outcome.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(outcome.Home));
    }

    /// <summary>What a script may leave in a variable, in every place that takes a name, a folder or a device.</summary>
    [Theory]
    [InlineData("run --id {}")]
    [InlineData("run --resume {}")]
    [InlineData("run --data-path {}")]
    [InlineData("run --device {}")]
    [InlineData("run --class-order {}")]
    [InlineData("runs show {}")]
    [InlineData("runs watch {}")]
    [InlineData("runs stop {}")]
    [InlineData("runs resume {}")]
    [InlineData("runs remove {}")]
    [InlineData("nodes list --run {}")]
    [InlineData("nodes drain {} --run r")]
    [InlineData("modules list --library {}")]
    [InlineData("modules show {}")]
    [InlineData("modules show expert-1 --library {}")]
    [InlineData("modules remove expert-1 --library {}")]
    [InlineData("modules export expert-1 --output {}")]
    [InlineData("library export {} --output x")]
    [InlineData("library import {}")]
    [InlineData("predict {}")]
    [InlineData("predict no-such.png --library {}")]
    [InlineData("predict no-such.png --archive {}")]
    [InlineData("evaluate --library {}")]
    [InlineData("evaluate --archive {}")]
    [InlineData("preserve --checkpoint {} --architecture resnet20")]
    [InlineData("preserve --checkpoint no-such.th --architecture resnet20 --library {}")]
    [InlineData("convert --checkpoint no-such.th --architecture resnet20 --output {}")]
    [InlineData("experiment run no-such.yaml --output {}")]
    public async Task Command_NonsenseInAPlace_IsRefusedInOneLine(string command)
    {
        string[] nonsense = ["", " ", "\t", "../x", "a\nb", "x\u0001y", "--", "%s{0}[red]", new string('a', 300)];
        foreach (string value in nonsense)
        {
            var outcome = await RunAsync([.. command.Split(' ').Select(part => part == "{}" ? value : part)]);
            outcome.IsRefused();
            Assert.DoesNotContain("Unexpected", outcome.Error, StringComparison.Ordinal);
            Assert.DoesNotContain("(Parameter '", outcome.Error, StringComparison.Ordinal);
            Assert.False(Directory.Exists(outcome.Home));
        }
    }

    [Theory]
    [InlineData(" ", "--cluster is empty")]
    [InlineData("nonsense", "--cluster must be")]
    [InlineData("Host=;;;", "no Host")]
    [InlineData("Host=h;Port=99999;Database=d", "Port must be in [1, 65535], not 99999")]
    [InlineData("Host=h;Port=x;Database=d", "--cluster must be")]
    public async Task Command_NoConnectionString_IsRefusedInOneLine(string database, string part)
    {
        var outcome = await DmkdCommand.RunPlainAsync("runs", "list", "--cluster", database);
        outcome.IsRefused(part);
    }

    [Fact]
    public async Task Run_HomeThatIsAFile_IsRefusedByName()
    {
        string file = _folder.Write("file", [1]);
        var outcome = await DmkdCommand.RunAsync(file, "run", "--train-per-class", "24", "--test-per-class", "1");
        outcome.IsRefused($"{file} is no folder; choose another by --home.");
    }

    [Fact]
    public async Task Run_OnADeviceThatThisMachineHasNot_IsRefusedByName()
    {
        Assert.SkipWhen(TorchSharp.torch.cuda_is_available(), "This machine has a GPU.");
        var outcome = await RunAsync(["run", "--device", "cuda", "--train-per-class", "24", "--test-per-class", "1"]);
        outcome.IsRefused("cuda");
    }

    [Theory]
    [InlineData("modules list")]
    [InlineData("modules list --json")]
    [InlineData("modules show expert-1")]
    [InlineData("modules export expert-1 --output no-such-folder/expert-1.safetensors")]
    [InlineData("run --resume unknown")]
    public async Task Command_HomeWithNothing_IsRefusedAndNotMade(string command)
    {
        var outcome = await RunAsync(command.Split(' '));
        outcome.IsRefused(outcome.Home, "--home");
        Assert.False(Directory.Exists(outcome.Home));
    }

    [Fact]
    public async Task Predict_HomeWithNothing_IsRefusedAndNotMade()
    {
        var outcome = await RunAsync("predict", _folder.Write("cup.png", SyntheticPictures.Png(3)));
        outcome.IsRefused(outcome.Home, "--home");
        Assert.False(Directory.Exists(outcome.Home));
    }

    [Fact]
    public Task Run_MissingPath_IsRefused() => RefusesDataAsync("images", _folder["nowhere"], "does not exist");

    [Fact]
    public Task Run_EmptyFolder_IsRefused()
    {
        Directory.CreateDirectory(_folder["empty"]);
        return RefusesDataAsync("images", _folder["empty"], "is empty", "train/<class>");
    }

    [Fact]
    public Task Run_SingleClass_IsRefused()
    {
        WriteClass("cups");
        return RefusesDataAsync("images", _folder["data"], "class");
    }

    [Fact]
    public Task Run_CorruptJpeg_IsRefused()
    {
        WriteClass("cups");
        WriteClass("keys");
        _folder.Write("data/train/keys/broken.jpg", [0xFF, 0xD8, 0xFF, 0xE0, 0, 16, 1, 2, 3]);
        return RefusesDataAsync("images", _folder["data"], "broken.jpg");
    }

    [Fact]
    public Task Run_TruncatedCifarFile_IsRefused()
    {
        for (int batch = 1; batch <= 5; batch++)
            _folder.Write($"data/data_batch_{batch}.bin", new byte[2 * CifarRecord]);
        _folder.Write("data/test_batch.bin", new byte[2 * CifarRecord]);
        _folder.Write("data/data_batch_3.bin", new byte[2 * CifarRecord - 1]);
        return RefusesDataAsync("cifar10", _folder["data"], "data_batch_3.bin", $"{CifarRecord}");
    }

    public void Dispose() => _folder.Dispose();

    private void WriteClass(string name)
    {
        foreach (string file in new[] { "train/{0}/1.png", "train/{0}/2.png", "test/{0}/1.png" })
            _folder.Write($"data/{file.Replace("{0}", name, StringComparison.Ordinal)}", SyntheticPictures.Png(3));
    }

    private async Task RefusesDataAsync(string kind, string path, params string[] parts)
    {
        var outcome = await RunAsync("run", "--data", kind, "--data-path", path, "--tasks", "1");
        outcome.IsRefused([path, .. parts]);
        Assert.False(Directory.Exists(outcome.Home));
    }

    private Task<Outcome> RunAsync(params string[] arguments) => DmkdCommand.RunAsync(_folder["home"], arguments);
}
