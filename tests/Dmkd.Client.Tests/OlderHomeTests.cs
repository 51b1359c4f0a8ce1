using System.IO.Compression;
using System.Text.Json;
using Dmkd.Client.Tests.Running;

namespace Dmkd.Client.Tests;

/// <summary>
/// A home folder that version 0.1 wrote, and what that version printed of it. It holds two runs of two tasks on two
/// nodes (<c>finished</c>: PowerSGD and exemplars; <c>unfinished</c>: killed in its second task) and a preserved
/// library. Later programs must read it, so it is never written again.
/// </summary>
public sealed class OlderHomeTests : IDisposable
{
    /// <summary>
    /// Another processor may round a forward pass otherwise; a probability differs by no more than this for it.
    /// </summary>
    private const double RoundingTolerance = 1e-4;

    private static readonly string[] ModuleFields =
    [
        "name",
        "library",
        "version",
        "architecture",
        "parameters",
        "bytes",
        "classes",
        "digest",
        "lineage",
    ];
    private static readonly string[] VersionFields =
    [
        "number",
        "digest",
        "bytes",
        "parentDigest",
        "round",
        "rule",
        "contributions",
    ];
    private readonly TemporaryFolder _folder = new();

    public OlderHomeTests() =>
        ZipFile.ExtractToDirectory(Path.Combine(AppContext.BaseDirectory, "Fixtures", "home-0.1.zip"), _folder.Path);

    [Fact]
    public async Task RunsList_OlderHome_TellsWhatItTold()
    {
        string[] fields =
        [
            "runId",
            "library",
            "kind",
            "data",
            "state",
            "task",
            "tasks",
            "round",
            "rounds",
            "nodes",
            "seed",
            "startedAt",
            "error",
        ];
        AssertSame(Expected("runs-list"), await JsonOfAsync("runs", "list"), fields);
    }

    [Fact]
    public async Task RunsShow_OlderHome_TellsWhatItTold() =>
        AssertSame(
            Expected("runs-show"),
            await JsonOfAsync("runs", "show", "finished"),
            ["runId", "state", "phase", "task", "round"]
        );

    [Theory]
    [InlineData("finished")]
    [InlineData("preserved")]
    [InlineData("unfinished")]
    public async Task Modules_OlderHome_HaveTheirNamesAndDigests(string library)
    {
        AssertSame(
            Expected($"modules-list-{library}"),
            await JsonOfAsync("modules", "list", "--library", library),
            ModuleFields
        );
        var shown = await JsonOfAsync("modules", "show", "expert-1", "--library", library);
        var expected = Expected($"modules-show-{library}");
        AssertSame(expected, shown, ModuleFields);
        AssertSame(expected.GetProperty("versions"), shown.GetProperty("versions"), VersionFields);
    }

    [Theory]
    [InlineData("finished")]
    [InlineData("preserved")]
    public async Task Predict_OlderLibrary_AnswersAsItDid(string library)
    {
        var expected = Expected($"predict-{library}")[0];
        var answer = (await JsonOfAsync("predict", _folder["disc.png"], "--library", library))[0];
        AssertSame(expected, answer, ["class", "classIndex"]);
        Assert.Equal(
            expected.GetProperty("probability").GetDouble(),
            answer.GetProperty("probability").GetDouble(),
            RoundingTolerance
        );
        AssertSame(expected.GetProperty("experts"), answer.GetProperty("experts"), ["module"]);
    }

    [Theory]
    [InlineData("finished", "rotations")]
    [InlineData("preserved", "classes")]
    public async Task ExportLibrary_OlderHome_SaysWhatItsModulesTake(string library, string labels)
    {
        string folder = _folder["exported"];
        await JsonOfAsync("library", "export", library, "--output", folder);
        var document = Json.Parse(
            await File.ReadAllTextAsync(Path.Combine(folder, "library.json"), TestContext.Current.CancellationToken)
        );
        foreach (var member in document.GetProperty("members").EnumerateArray())
        {
            if (member.GetProperty("role").GetString() == "expert")
                Assert.Equal(labels, member.GetProperty("labelSpace").GetString());
            var input = member.GetProperty("input");
            int[] shape = [.. input.GetProperty("shape").EnumerateArray().Select(length => length.GetInt32())];
            Assert.Equal("pixels", input.GetProperty("name").GetString());
            Assert.Equal([-1, 3, 32, 32], shape);
        }
    }

    [Fact]
    public async Task Export_OlderModule_KeepsItsDigest()
    {
        string file = _folder["expert.safetensors"];
        var exported = await JsonOfAsync("modules", "export", "expert-1", "--library", "finished", "--output", file);
        Assert.Equal(
            Expected("modules-show-finished").GetProperty("digest").GetString(),
            exported.GetProperty("digest").GetString()
        );
    }

    [Fact]
    public async Task Resume_RunThatAnOlderProgramBegan_GoesOnFromItsVersions()
    {
        var result = await JsonOfAsync("run", "--resume", "unfinished", "--no-baseline");
        Assert.Equal(2, result.GetProperty("accuracyMatrix").GetProperty("classIncremental").GetArrayLength());
        var first = await JsonOfAsync("modules", "show", "expert-1", "--library", "unfinished");
        AssertSame(Expected("modules-show-unfinished"), first, ["digest", "version"]);
        string? state = (await JsonOfAsync("runs", "show", "unfinished")).GetProperty("state").GetString();
        Assert.Equal("completed", state);
    }

    public void Dispose() => _folder.Dispose();

    private async Task<JsonElement> JsonOfAsync(params string[] arguments)
    {
        var outcome = await DmkdCommand.RunAsync(_folder["home"], [.. arguments, "--json"]);
        return Json.Parse(outcome.IsSuccess().Output);
    }

    private JsonElement Expected(string name) =>
        Json.Parse(File.ReadAllText(Path.Combine(_folder["expected"], name + ".json")));

    /// <summary>
    /// Compares the named fields of an object, or of every entry of an array; what a later program adds does not count.
    /// </summary>
    private static void AssertSame(JsonElement expected, JsonElement actual, string[] fields)
    {
        if (expected.ValueKind == JsonValueKind.Array)
        {
            Assert.Equal(expected.GetArrayLength(), actual.GetArrayLength());
            foreach (var (before, now) in expected.EnumerateArray().Zip(actual.EnumerateArray()))
                AssertSame(before, now, fields);
            return;
        }

        foreach (string field in fields)
        {
            var (before, now) = (expected.GetProperty(field), actual.GetProperty(field));
            Assert.True(
                JsonElement.DeepEquals(before, now),
                $"{field}: {before.GetRawText()} has become {now.GetRawText()}"
            );
        }
    }
}
