using Dmkd.Client.Tests.Running;

namespace Dmkd.Client.Tests;

/// <summary>A library leaves as a folder, answers without a silo, and comes back.</summary>
[Collection(SharedHome.Name)]
public sealed class LibraryTests(FinishedRun finished) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Archive => _folder["exported"];

    [Fact]
    public async Task Export_ArchiveAndImport_PredictWhatTheRunningLibraryPredicts()
    {
        string[] images = [Picture(0), Picture(5), Picture(9)];
        string running = (await RunAsync(["predict", .. images, "--json"])).IsSuccess().Output;
        var printed = Json.Parse(
            (await RunAsync("library", "export", TinyRun.Id, "--output", Archive, "--json")).IsSuccess().Output
        );
        Assert.Equal(["output", "library", "modules", "bytes"], printed.Names());
        Assert.Equal(2, printed.GetProperty("modules").GetInt32());
        Assert.Equal(
            printed.GetProperty("bytes").GetInt64(),
            Directory.GetFiles(Archive).Sum(file => new FileInfo(file).Length)
        );

        var alone = (
            await DmkdCommand.RunAsync(_folder["no-home"], ["predict", .. images, "--archive", Archive, "--json"])
        ).IsSuccess();
        Assert.Equal(running, alone.Output);
        Assert.False(Directory.Exists(_folder["no-home"])); // no silo was started

        string home = _folder["other-home"];
        (await DmkdCommand.RunAsync(home, "library", "import", Archive, "--name", "taken-in")).IsSuccess();
        Assert.Equal(
            running,
            (await DmkdCommand.RunAsync(home, ["predict", .. images, "--library", "taken-in", "--json"]))
                .IsSuccess()
                .Output
        );
        (await DmkdCommand.RunAsync(home, "library", "import", Archive, "--name", "taken-in")).IsRefused(
            "'taken-in' already",
            "--name"
        );
        string before = (await RunAsync("modules", "show", "expert-1", "--json")).IsSuccess().Output;
        var after = Json.Parse(
            (await DmkdCommand.RunAsync(home, "modules", "show", "expert-1", "--library", "taken-in", "--json"))
                .IsSuccess()
                .Output
        );
        foreach (string field in new[] { "digest", "version", "meanEntropy", "architecture", "lineage" })
            Assert.Equal(Json.Parse(before).GetProperty(field).ToString(), after.GetProperty(field).ToString());
    }

    [Fact]
    public async Task Predict_DamagedArchive_IsRefusedInOneLine()
    {
        (await RunAsync("library", "export", TinyRun.Id, "--output", Archive)).IsSuccess();
        string file = Path.Combine(Archive, "expert-2.safetensors");
        byte[] content = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
        content[^1] ^= 1;
        await File.WriteAllBytesAsync(file, content, TestContext.Current.CancellationToken);
        (await RunAsync("predict", Picture(0), "--archive", Archive)).IsRefused(
            "expert-2.safetensors",
            "digest sha256:"
        );
        (await DmkdCommand.RunAsync(_folder["no-home"], "library", "import", Archive)).IsRefused(
            "expert-2.safetensors",
            "digest sha256:"
        );
        Assert.False(Directory.Exists(_folder["no-home"]));
    }

    [Fact]
    public async Task Export_UnknownLibrary_IsRefusedAndLeavesNothing()
    {
        (await RunAsync("library", "export", "nobody", "--output", Archive)).IsRefused("'nobody'", TinyRun.Id);
        Assert.False(Directory.Exists(Archive));
    }

    [Fact]
    public async Task Export_ExistingFolder_IsRefused() =>
        (await RunAsync("library", "export", TinyRun.Id, "--output", _folder.Path)).IsRefused("--force");

    [Theory]
    [InlineData("predict", "--archive", "no-such-folder")]
    [InlineData("library", "import", "no-such-folder")]
    public async Task Command_NoArchive_IsRefused(params string[] arguments)
    {
        string[] image = arguments[0] == "predict" ? [Picture(1)] : [];
        (await RunAsync([.. arguments, .. image])).IsRefused("no-such-folder", "library.json");
    }

    [Fact]
    public async Task Predict_ArchiveAndLibrary_AreTwoPlaces() =>
        (await RunAsync("predict", Picture(1), "--archive", Archive, "--library", TinyRun.Id)).IsRefused(
            "--archive",
            "--library"
        );

    public void Dispose() => _folder.Dispose();

    private string Picture(int label) => _folder.Write($"{label}.png", SyntheticPictures.Png(label));

    private Task<Outcome> RunAsync(params string[] arguments) => DmkdCommand.RunAsync(finished.Home, arguments);
}
