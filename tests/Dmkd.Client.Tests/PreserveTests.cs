using System.Text.Json;
using Dmkd.Client.Tests.Running;
using SkiaSharp;

namespace Dmkd.Client.Tests;

/// <summary>A library that <c>preserve</c> made out of a checkpoint, and every command that looks at it.</summary>
public sealed class PreserveTests(PreservedHome preserved) : IClassFixture<PreservedHome>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private JsonElement[] Modules => [.. preserved.Document.GetProperty("modules").EnumerateArray()];

    [Fact]
    public async Task Remove_PreservedLibrary_LeavesNothingAndItsNameFree()
    {
        string home = _folder.Copy(preserved.Home, "home");
        string[] remove = ["runs", "remove", TinyPreservation.Library];
        (await DmkdCommand.RunAsync(home, remove)).IsRefused($"library {TinyPreservation.Library}", "--yes");
        var removed = Json.Parse((await DmkdCommand.RunAsync(home, [.. remove, "--yes", "--json"])).IsSuccess().Output);
        Assert.Equal(["runId", "modules", "nodes"], removed.Names());
        Assert.Equal(
            (TinyPreservation.Library, 3, 0),
            (
                removed.GetProperty("runId").GetString(),
                removed.GetProperty("modules").GetInt32(),
                removed.GetProperty("nodes").GetInt32()
            )
        );
        Assert.Equal("[]", (await DmkdCommand.RunAsync(home, "runs", "list", "--json")).IsSuccess().Output.Trim());
        (await DmkdCommand.RunAsync(home, [.. remove, "--yes"])).IsRefused("There is no run 'small'");
        var again = await DmkdCommand.RunAsync(home, [.. TinyPreservation.Arguments(preserved.Checkpoint), "--json"]);
        Assert.Equal(
            preserved.Document.GetProperty("routed").ToString(),
            Json.Parse(again.IsSuccess().Output).GetProperty("routed").ToString()
        );
    }

    [Fact]
    public async Task Remove_ExpertThatTheGateNetworkChooses_LeavesALibraryThatAnswersWithoutIt()
    {
        string home = _folder.Copy(preserved.Home, "home"),
            picture = _folder.Write("picture.png", SyntheticPictures.Png(1));
        (await DmkdCommand.RunAsync(home, "modules", "remove", "expert-1", "--yes")).IsSuccess();
        string[] predict = ["predict", picture, "--classes", "2", "--json"];
        var answer = Json.Parse((await DmkdCommand.RunAsync(home, predict)).IsSuccess().Output)[0];
        Assert.Equal("expert-2", answer.GetProperty("experts")[0].GetProperty("module").GetString());
        (await DmkdCommand.RunAsync(home, "modules", "remove", "gate", "--yes")).IsSuccess();
        answer = Json.Parse((await DmkdCommand.RunAsync(home, predict)).IsSuccess().Output)[0];
        Assert.Equal("expert-2", answer.GetProperty("experts")[0].GetProperty("module").GetString());
    }

    [Fact]
    public async Task Evaluate_GateNetworkByItself_KnowsAllClasses()
    {
        string[] evaluate = ["evaluate", "--module", "gate", "--data", "synthetic", "--test-per-class", "2", "--json"];
        var result = Json.Parse((await DmkdCommand.RunAsync(preserved.Home, evaluate)).IsSuccess().Output);
        Assert.Equal((20, 0), (result.GetProperty("total").GetInt32(), result.GetProperty("leftOut").GetInt32()));
    }

    [Fact]
    public void Preserve_Json_HasTheDocumentedFields()
    {
        var document = preserved.Document;
        Assert.Equal(
            [
                "library",
                "legacy",
                "settings",
                "classNames",
                "modules",
                "routed",
                "importanceByClass",
                "testImages",
                "deviceSeconds",
                "wallSeconds",
            ],
            document.Names()
        );
        Assert.Equal(
            ["source", "digest", "architecture", "accuracy", "parameters", "multiplyAdds", "surrogateAccuracy"],
            document.GetProperty("legacy").Names()
        );
        Assert.All(
            Modules,
            module =>
                Assert.Equal(
                    [
                        "name",
                        "role",
                        "cluster",
                        "classes",
                        "architecture",
                        "widths",
                        "parameters",
                        "multiplyAdds",
                        "importanceShare",
                        "cutDigest",
                        "digest",
                        "accuracyBefore",
                        "accuracyAfter",
                        "legacyAccuracy",
                        "entropySum",
                        "entropyCount",
                        "steps",
                        "bytes",
                    ],
                    module.Names()
                )
        );
        Assert.All(
            document.GetProperty("routed").EnumerateArray(),
            row => Assert.Equal(["topExperts", "accuracy", "rightExpert", "multiplyAdds"], row.Names())
        );
    }

    [Fact]
    public void Preserve_Json_SaysWhatWasMade()
    {
        var legacy = preserved.Document.GetProperty("legacy");
        Assert.Equal(
            [TinyPreservation.Library, "legacy.safetensors", SmallNetwork.Architecture],
            [
                preserved.Document.GetProperty("library").GetString(),
                legacy.GetProperty("source").GetString(),
                legacy.GetProperty("architecture").GetString(),
            ]
        );
        Assert.Equal(
            ["expert-1 expert", "expert-2 expert", "gate gate"],
            Modules.Select(module => $"{module.GetProperty("name")} {module.GetProperty("role")}")
        );
        Assert.Equal(10 * TinyPreservation.TestPerClass, preserved.Document.GetProperty("testImages").GetInt32());
        Assert.Equal(JsonValueKind.Null, legacy.GetProperty("surrogateAccuracy").ValueKind);
        Assert.All(
            preserved.Document.GetProperty("routed").EnumerateArray(),
            row => Assert.InRange(row.GetProperty("accuracy").GetDouble(), 0, 1)
        );
    }

    [Fact]
    public void Preserve_Progress_FitsOnStandardError()
    {
        foreach (
            string part in new[]
            {
                "library small: legacy.safetensors",
                "preserve --resume small",
                "expert-1: ",
                "Experts of legacy.safetensors",
                "partition drawn in",
            }
        )
            Assert.Contains(part, preserved.Outcome.Error, StringComparison.Ordinal);
        Fits(preserved.Outcome.Error);
    }

    [Fact]
    public void Preserve_Plot_IsAPicture()
    {
        using var picture = SKBitmap.Decode(preserved.Plot);
        Assert.InRange(picture.Width, 300, 2400);
        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(preserved.Plot)!, "*.tmp"));
    }

    [Fact]
    public async Task Resume_CompleteLibrary_PrintsTheSameDocument() =>
        Assert.Equal(
            preserved.Outcome.Output,
            (await RunAsync("preserve", "--resume", TinyPreservation.Library, "--json")).IsSuccess().Output
        );

    [Fact]
    public async Task Resume_CompleteLibrary_PrintsTablesThatFit()
    {
        var outcome = (await RunAsync("preserve", "--resume", TinyPreservation.Library)).IsSuccess();
        foreach (
            string part in new[]
            {
                "Experts of legacy.safetensors",
                "gate",
                "all 10",
                " of 16",
                "library, R = 1",
                "library, R = 2",
                "legacy model",
                "100 test images",
            }
        )
            Assert.Contains(part, outcome.Output, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', outcome.Output);
        Fits(outcome.Output);
    }

    [Theory]
    [InlineData("--epochs", "7", "--epochs asks for 7", "started with 1")]
    [InlineData("--architecture", "resnet20", "--architecture asks for resnet20")]
    [InlineData("--checkpoint", "other.pt", "--checkpoint names other.pt", "legacy.safetensors")]
    [InlineData("--library", "other", "--library", "'small'")]
    public async Task Resume_OptionThatDiffers_IsRefusedByName(string option, string value, params string[] parts) =>
        (await RunAsync("preserve", "--resume", TinyPreservation.Library, option, value)).IsRefused(parts);

    [Fact]
    public async Task Resume_UnknownLibrary_IsRefused() =>
        (await RunAsync("preserve", "--resume", "other")).IsRefused("'other'", preserved.Home);

    [Fact]
    public async Task Preserve_LibraryThatExists_IsRefused() =>
        (await RunAsync(TinyPreservation.Arguments(preserved.Checkpoint))).IsRefused(
            "'small'",
            "--library",
            "--resume small"
        );

    [Fact]
    public async Task Preserve_KilledAndResumed_EndsWithTheSameDigests()
    {
        string home = _folder["killed"];
        using (var process = DmkdProcess.Start(home, TinyPreservation.Arguments(preserved.Checkpoint)))
        {
            await process.SeesAsync("expert-2: "); // cut
            process.Kill();
            Assert.Equal(128 + 9, (await process.EndAsync()).ExitCode);
        }

        var resumed = Json.Parse(
            (await DmkdCommand.RunAsync(home, "preserve", "--resume", TinyPreservation.Library, "--json"))
                .IsSuccess()
                .Output
        );
        foreach (string part in new[] { "legacy", "modules", "routed", "importanceByClass" })
            Assert.Equal(
                JsonSerializer.Serialize(preserved.Document.GetProperty(part)),
                JsonSerializer.Serialize(resumed.GetProperty(part))
            );
    }

    [Fact]
    public async Task ModulesList_PreservedLibrary_ShowsExpertsAndGate()
    {
        var outcome = (await RunAsync("modules", "list")).IsSuccess();
        foreach (string part in new[] { "Library small", "expert-1", "expert-2", "gate", "preserved" })
            Assert.Contains(part, outcome.Output, StringComparison.Ordinal);
        Fits(outcome.Output);
    }

    [Fact]
    public async Task ModulesShow_Gate_SaysWhereItCameFrom()
    {
        var outcome = (await RunAsync("modules", "show", "gate")).IsSuccess();
        string text = string.Join(' ', outcome.Output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("preserved by small from legacy model sha256:", text, StringComparison.Ordinal);
        Assert.DoesNotContain("cluster", text, StringComparison.Ordinal); // a gate is of no cluster
        Fits(outcome.Output);
    }

    [Fact]
    public async Task ModulesShow_Json_HasBothVersions()
    {
        var module = Json.Parse((await RunAsync("modules", "show", "gate", "--json")).IsSuccess().Output);
        Assert.Equal(
            [Modules[2].GetProperty("cutDigest").GetString(), Modules[2].GetProperty("digest").GetString()],
            module.GetProperty("versions").EnumerateArray().Select(version => version.GetProperty("digest").GetString())
        );
        Assert.Equal(10, module.GetProperty("classes").GetArrayLength());
    }

    [Fact]
    public async Task ModulesExport_Expert_HasTheLineage()
    {
        string output = _folder["expert-1.safetensors"];
        (await RunAsync("modules", "export", "expert-1", "--output", output)).IsSuccess();
        var file = new SafeTensors(output);
        var expert = Modules[0];
        Assert.Equal(
            ["pt", "small", "expert-1", "2", "preserved", "0.5"],
            [
                file["format"],
                file["dmkd.library"],
                file["dmkd.module"],
                file["dmkd.version"],
                file["dmkd.origin"],
                file["dmkd.legacy.alpha"],
            ]
        );
        Assert.Equal(
            [
                expert.GetProperty("digest").GetString(),
                expert.GetProperty("cutDigest").GetString(),
                expert.GetProperty("architecture").GetString(),
                preserved.Document.GetProperty("legacy").GetProperty("digest").GetString(),
            ],
            [
                file["dmkd.digest"],
                file["dmkd.version.parent_digest"],
                file["dmkd.architecture"],
                file["dmkd.legacy.digest"],
            ]
        );
        Assert.Equal($"{expert.GetProperty("cluster").GetInt32()}", file["dmkd.legacy.cluster"]);
        Assert.Equal(expert.GetProperty("classes").GetArrayLength(), file.Shape("head.weight")[0]);
    }

    [Fact]
    public async Task Predict_GateNotNamed_IsTheGateNetwork()
    {
        string[] pictures = [Picture(0), Picture(4), Picture(9)];
        string byDefault = (await RunAsync(["predict", .. pictures, "--json"])).IsSuccess().Output;
        Assert.Equal(
            (await RunAsync(["predict", .. pictures, "--gate", "network", "--json"])).IsSuccess().Output,
            byDefault
        );
        Assert.All(
            Json.Parse(byDefault).EnumerateArray(),
            entry =>
                Assert.InRange(
                    Assert.Single(entry.GetProperty("experts").EnumerateArray()).GetProperty("probability").GetDouble(),
                    0.5,
                    1
                )
        ); // of two
    }

    [Fact]
    public async Task Predict_OtherGate_AsksTheExpertsThemselves()
    {
        string[] arguments = ["predict", Picture(0), Picture(4), Picture(9), "--top", "2", "--json"];
        var byEvidence = Json.Parse((await RunAsync([.. arguments, "--gate", "evidence"])).IsSuccess().Output);
        Assert.All(
            byEvidence.EnumerateArray(),
            entry =>
                Assert.Equal(
                    1,
                    entry
                        .GetProperty("experts")
                        .EnumerateArray()
                        .Sum(expert => expert.GetProperty("probability").GetDouble()),
                    1e-9
                )
        );
        var byNetwork = Json.Parse((await RunAsync(arguments)).IsSuccess().Output);
        Assert.NotEqual(JsonSerializer.Serialize(byNetwork), JsonSerializer.Serialize(byEvidence));
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>All but the two lines of the head, which are whole in a file: what they quote can be run as printed.</summary>
    private static void Fits(string text) =>
        Assert.All(
            text.Split('\n')
                .Where(line => !line.Contains("library small: ", StringComparison.Ordinal))
                .Where(line => !line.StartsWith("stored in ", StringComparison.Ordinal)),
            line => Assert.True(line.Length <= 100, line)
        );

    private string Picture(int label) => _folder.Write($"{label}.png", SyntheticPictures.Png(label));

    private Task<Outcome> RunAsync(params string[] arguments) => DmkdCommand.RunAsync(preserved.Home, arguments);
}
