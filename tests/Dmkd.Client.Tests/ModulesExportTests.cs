using System.Text.Json;
using Dmkd.Client.Tests.Running;

namespace Dmkd.Client.Tests;

/// <summary>An exported expert has the library's weights and says where they come from.</summary>
[Collection(SharedHome.Name)]
public sealed class ModulesExportTests(FinishedRun finished) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Export_Current_HasTheLineage()
    {
        var file = await ExportedAsync("expert-1");
        var module = Json.Parse((await RunAsync("show", "expert-1", "--json")).IsSuccess().Output);
        var lineage = module.GetProperty("lineage");
        Assert.Equal(
            ["pt", TinyRun.Id, "expert-1", "3", TinyRun.Id, "preserved", "0.5", "0"],
            [
                file["format"],
                file["dmkd.library"],
                file["dmkd.module"],
                file["dmkd.version"],
                file["dmkd.run"],
                file["dmkd.origin"],
                file["dmkd.legacy.alpha"],
                file["dmkd.legacy.cluster"],
            ]
        );
        Assert.Equal(module.GetProperty("digest").GetString(), file["dmkd.digest"]);
        Assert.Equal(
            module.GetProperty("versions")[1].GetProperty("digest").GetString(),
            file["dmkd.version.parent_digest"]
        );
        Assert.Equal(module.GetProperty("architecture").GetString(), file["dmkd.architecture"]);
        Assert.Equal(lineage.GetProperty("legacyDigest").GetString(), file["dmkd.legacy.digest"]);
        Assert.Equal(
            lineage.GetProperty("importanceShare").GetDouble().ToString("R", null),
            file["dmkd.legacy.importance_share"]
        );
        Assert.Equal(
            ["arrow", "boat", "bottle", "cup", "flag"],
            JsonSerializer.Deserialize<string[]>(file["dmkd.class_names"]!)!
        );
        Assert.Equal([0, 1, 2, 3, 4], JsonSerializer.Deserialize<int[]>(file["dmkd.classes"]!)!);
        Assert.Null(file["dmkd.parent.module"]);
    }

    [Fact]
    public async Task Export_Spawned_NamesItsParent()
    {
        var file = await ExportedAsync("expert-2");
        Assert.Equal(
            ["spawned", "expert-1", null],
            [file["dmkd.origin"], file["dmkd.parent.module"], file["dmkd.legacy.digest"]]
        );
        Assert.StartsWith("sha256:", file["dmkd.parent.digest"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Export_ReadAgain_GivesTheSameWeights()
    {
        string exported = _folder["expert-1.safetensors"],
            again = _folder["again.safetensors"];
        var file = await ExportedAsync("expert-1");
        (
            await DmkdCommand.RunAsync(
                _folder["home"],
                "convert",
                "--checkpoint",
                exported,
                "--architecture",
                file["dmkd.architecture"]!,
                "--output",
                again
            )
        ).IsSuccess();
        Assert.Equal(file["dmkd.digest"], new SafeTensors(again)["dmkd.digest"]);
    }

    [Fact]
    public async Task Export_FirstVersion_IsThatVersion()
    {
        string output = _folder["first.safetensors"];
        var printed = Json.Parse(
            (await RunAsync("export", "expert-1", "--version", "1", "--output", output, "--json")).IsSuccess().Output
        );
        var file = new SafeTensors(output);
        Assert.Equal(["1", null], [file["dmkd.version"], file["dmkd.version.parent_digest"]]);
        Assert.Equal(["output", "digest", "bytes", "tensors"], printed.Names());
        Assert.Equal(file["dmkd.digest"], printed.GetProperty("digest").GetString());
    }

    [Fact]
    public async Task Export_UnknownModule_IsRefusedAndLeavesNothing()
    {
        (await RunAsync("export", "expert-9", "--output", _folder["out"])).IsRefused(
            "'expert-9'",
            "expert-1, expert-2"
        );
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task Export_UnknownVersion_IsRefused() =>
        (await RunAsync("export", "expert-1", "--version", "4", "--output", _folder["out"])).IsRefused(
            "'expert-1'",
            "1 to 3",
            "not 4"
        );

    [Fact]
    public async Task Export_ExistingOutput_IsRefused() =>
        (await RunAsync("export", "expert-1", "--output", _folder.Write("out", [1]))).IsRefused("--force");

    public void Dispose() => _folder.Dispose();

    private async Task<SafeTensors> ExportedAsync(string module)
    {
        string output = _folder[$"{module}.safetensors"];
        (await RunAsync("export", module, "--output", output)).IsSuccess();
        return new SafeTensors(output);
    }

    private Task<Outcome> RunAsync(params string[] arguments) =>
        DmkdCommand.RunAsync(finished.Home, ["modules", .. arguments]);
}
