using System.Text.Json;
using Dmkd.Client.Tests.Running;

namespace Dmkd.Client.Tests;

[Collection(SharedHome.Name)]
public sealed class PredictTests(FinishedRun finished) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Predict_Images_NamesClassProbabilityAndExpert()
    {
        var outcome = (await RunAsync("predict", Picture(0), Picture(9))).IsSuccess();
        foreach (string part in new[] { "class", "probability", "p_k", "expert-" })
            Assert.Contains(part, outcome.Output, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', outcome.Output);
        Assert.All(outcome.Output.Split('\n'), line => Assert.True(line.Length <= 100, line));
    }

    [Fact]
    public async Task Predict_Json_HasOneEntryPerImageInOrder()
    {
        string[] images = [Picture(0), Picture(5), Picture(9)];
        var entries = await PredictAsync(images);
        Assert.Equal(images, entries.Select(entry => entry.GetProperty("image").GetString()));
        Assert.All(
            entries,
            entry =>
            {
                Assert.Equal(["image", "class", "classIndex", "probability", "experts"], entry.Names());
                // the best of five classes has at least a fifth
                Assert.InRange(entry.GetProperty("probability").GetDouble(), 0.2, 1);
                Assert.InRange(entry.GetProperty("classIndex").GetInt32(), 0, 9);
                Assert.Equal(1, entry.GetProperty("experts").GetArrayLength());
            }
        );
    }

    [Fact]
    public async Task Predict_TopTwo_MixesBothExpertsWhoseSharesSumToOne()
    {
        var entry = Assert.Single(await PredictAsync(Picture(2), "--top", "2"));
        double[] shares =
        [
            .. entry
                .GetProperty("experts")
                .EnumerateArray()
                .Select(expert => expert.GetProperty("probability").GetDouble()),
        ];
        Assert.Equal(2, shares.Length);
        Assert.True(shares[0] >= shares[1]);
        Assert.Equal(1, shares.Sum(), 1e-9); // all experts answer
    }

    [Fact]
    public async Task Predict_AllClassesOfAllExperts_AreRankedAndSumToOne()
    {
        var entry = Assert.Single(await PredictAsync(Picture(2), "--top", "2", "--classes", "10"));
        Assert.Equal(["image", "class", "classIndex", "probability", "experts", "classes"], entry.Names());
        var classes = entry.GetProperty("classes").EnumerateArray().ToArray();
        double[] shares = [.. classes.Select(told => told.GetProperty("probability").GetDouble())];
        Assert.Equal(10, classes.Select(told => told.GetProperty("name").GetString()).Distinct().Count());
        Assert.Equal(shares.OrderDescending(), shares);
        Assert.Equal(1, shares.Sum(), 1e-9);
        Assert.Equal(entry.GetProperty("class").GetString(), classes[0].GetProperty("name").GetString());
        Assert.Equal(entry.GetProperty("probability").GetDouble(), shares[0]);
    }

    [Fact]
    public async Task Predict_Classes_AreThoseOfTheExpertsAskedInEveryForm()
    {
        string picture = Picture(2),
            archive = _folder["library"];
        var told = Assert
            .Single(await PredictAsync(picture, "--classes", "10"))
            .GetProperty("classes")
            .EnumerateArray()
            .Select(entry => (Name: entry.GetProperty("name").GetString()!, entry.GetProperty("probability")))
            .ToArray();
        Assert.Equal(5, told.Length); // one expert answers
        string[] csv = (await RunAsync("predict", picture, "--classes", "2", "--csv", "-"))
            .IsSuccess()
            .Output.Split('\n');
        Assert.EndsWith(",experts,label_2,probability_2,problem", csv[0], StringComparison.Ordinal);
        Assert.EndsWith($",{told[1].Name},{told[1].Item2.GetRawText()},", csv[1], StringComparison.Ordinal);
        string table = (await RunAsync("predict", picture, "--classes", "3")).IsSuccess().Output;
        Assert.All(told[..3], entry => Assert.Contains(entry.Name, table, StringComparison.Ordinal));
        (await RunAsync("library", "export", TinyRun.Id, "--output", archive)).IsSuccess();
        string[] asked = ["predict", picture, "--classes", "4", "--json"];
        Assert.Equal(
            (await RunAsync(asked)).IsSuccess().Output,
            (await RunAsync([.. asked, "--archive", archive])).IsSuccess().Output
        );
    }

    [Theory]
    [InlineData("0")]
    [InlineData("11")]
    [InlineData("-1")]
    public async Task Predict_ClassesOutsideTheLibrary_AreRefused(string classes) =>
        (await RunAsync("predict", Picture(2), "--classes", classes)).IsRefused(
            "--classes",
            "[1, 10]",
            $"not {classes}"
        );

    [Fact]
    public async Task Predict_NoImageThatCanBeRead_PrintsItsDocumentAllTheSame()
    {
        string broken = _folder.Write("broken.png", [.. SyntheticPictures.Png(1).Take(60)]);
        var outcome = await RunAsync("predict", broken, "--json");
        Assert.Equal(2, outcome.ExitCode);
        var entry = Assert.Single(Json.Parse(outcome.Output).EnumerateArray());
        Assert.Equal(["image", "problem"], entry.Names());
        Assert.Equal(broken, entry.GetProperty("image").GetString());
        Assert.Contains(broken, entry.GetProperty("problem").GetString(), StringComparison.Ordinal);

        var csv = await RunAsync("predict", broken, "--csv", _folder["out.csv"]);
        Assert.Equal((2, "0 answers written"), (csv.ExitCode, csv.Output[..17]));
        string[] lines = await File.ReadAllLinesAsync(_folder["out.csv"], TestContext.Current.CancellationToken);
        Assert.Equal(2, lines.Length);
        Assert.StartsWith($"{broken},,,,,", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Predict_MoreExpertsThanThereAre_IsRefused() =>
        (await RunAsync("predict", Picture(2), "--top", "9")).IsRefused("--top", "at most", "not 9");

    [Fact]
    public async Task Predict_BetaThatIsNoNumber_IsRefused() =>
        (await RunAsync("predict", Picture(2), "--beta", "1e308")).IsRefused("--beta", "[0, 1000000]");

    [Fact]
    public async Task Predict_Repeated_GivesTheSameAnswer()
    {
        string picture = Picture(7);
        Assert.Equal(
            (await RunAsync("predict", picture, "--json")).Output,
            (await RunAsync("predict", picture, "--json")).Output
        );
    }

    [Fact]
    public async Task Predict_MissingFile_IsRefused() =>
        (await RunAsync("predict", Picture(0), _folder["none.png"])).IsRefused(_folder["none.png"]);

    [Fact]
    public async Task Predict_CorruptImage_IsRefused()
    {
        string broken = _folder.Write("broken.png", [.. SyntheticPictures.Png(1).Take(60)]);
        (await RunAsync("predict", broken)).IsRefused(broken);
    }

    [Fact]
    public async Task Predict_FolderAndPattern_AnswersImagesInOrderOfNames()
    {
        string[] pictures = [Picture("in/b.png"), Picture("in/deep/c.png"), Picture("in/a.png")];
        _folder.Write("in/notes.txt", "no image"u8.ToArray());
        _folder.Write("in/.hidden.png", "no image"u8.ToArray());
        string[] sorted = [.. pictures.Order(StringComparer.Ordinal)];
        Assert.Equal(sorted, Names(await PredictAsync(_folder["in"])));
        Assert.Equal(sorted, Names(await PredictAsync(_folder["in/**/*.png"])));
        string[] flat = [pictures[2], pictures[0]],
            twice = [pictures[0], .. sorted];
        Assert.Equal(flat, Names(await PredictAsync(_folder["in/*.png"])));
        Assert.Equal(twice, Names(await PredictAsync(pictures[0], _folder["in"])));
    }

    [Theory]
    [InlineData("empty")]
    [InlineData("empty/*.png")]
    [InlineData("none/*.png")]
    public async Task Predict_WhatNamesNoImage_IsRefused(string argument)
    {
        Directory.CreateDirectory(_folder["empty"]);
        (await RunAsync("predict", Picture(0), _folder[argument])).IsRefused(_folder[argument]);
    }

    [Fact]
    public async Task Predict_CorruptImageAmongOthers_IsToldAndTheOthersAreAnswered()
    {
        string broken = _folder.Write("in/b.png", [.. SyntheticPictures.Png(1).Take(60)]);
        string[] good = [Picture("in/a.png"), Picture("in/c.png")];
        var outcome = await RunAsync("predict", _folder["in"], "--json");
        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(broken, Assert.Single(outcome.Error.TrimEnd('\n').Split('\n')), StringComparison.Ordinal);
        var entries = Json.Parse(outcome.Output).EnumerateArray().ToArray();
        string[] all = [.. good, broken]; // what cannot be read comes last
        Assert.Equal(all, Names(entries));
        Assert.Equal(["image", "problem"], entries[^1].Names());
        (await RunAsync("predict", _folder["in"], "--strict", "--csv", _folder["out.csv"])).IsRefused(broken);
        Assert.False(File.Exists(_folder["out.csv"]));
    }

    [Fact]
    public async Task Predict_Csv_HasALinePerImageAndTheNumbersOfJson()
    {
        string image = Picture("a, \"b\".png");
        var entry = Assert.Single(await PredictAsync(image, "--csv", _folder["out.csv"]));
        string written = await File.ReadAllTextAsync(_folder["out.csv"], TestContext.Current.CancellationToken);
        string[] lines = written.TrimEnd('\n').Split('\n');
        Assert.Equal("path,label,probability,class_index,experts,problem", lines[0]);
        string probability = entry.GetProperty("probability").GetRawText();
        string name = entry.GetProperty("class").GetString()!;
        string start = $"\"{image.Replace("\"", "\"\"", StringComparison.Ordinal)}\",{name},{probability},";
        Assert.StartsWith(start, lines[1], StringComparison.Ordinal);
        Assert.Equal(2, lines.Length);
        Assert.Equal(written, (await RunAsync("predict", image, "--csv", "-")).IsSuccess().Output);
        (await RunAsync("predict", image, "--csv", _folder["out.csv"])).IsRefused("out.csv", "--force");
        (await RunAsync("predict", image, "--csv", "-", "--json")).IsRefused("--csv", "--json");
    }

    [Fact]
    public async Task Predict_UnknownGate_IsRefused() =>
        (await RunAsync("predict", Picture(0), "--gate", "foo")).IsRefused("--gate", "evidence, entropy", "'foo'");

    [Fact]
    public async Task Predict_GateNetworkThatTheLibraryLacks_IsRefused() =>
        (await RunAsync("predict", Picture(0), "--gate", "network")).IsRefused(
            TinyRun.Id,
            "no gate network",
            "--gate",
            "evidence"
        );

    [Theory]
    [InlineData("--gate", "mlp")]
    [InlineData("--calibration", "affine")]
    public async Task Predict_WhatTheLibraryWasNotFittedFor_IsRefused(string option, string value) =>
        (await RunAsync("predict", Picture(0), option, value)).IsRefused(
            TinyRun.Id,
            "not fitted",
            option,
            "--exemplars"
        );

    [Fact]
    public async Task Predict_OneUncentredView_Answers() =>
        Assert.Single(await PredictAsync(Picture(3), "--views", "1", "--score", "energy", "--centred", "false"));

    [Fact]
    public async Task Predict_FittedLibrary_RoutesAsFitted()
    {
        string home = _folder["fitted"];
        (
            await DmkdCommand.RunAsync(
                home,
                TinyRun.Arguments("--gate", "hybrid", "--exemplars", "20", "--no-baseline")
            )
        ).IsSuccess();
        string plain = (await DmkdCommand.RunAsync(home, "predict", Picture(1), "--json")).IsSuccess().Output;
        Assert.Equal(
            plain,
            (await DmkdCommand.RunAsync(home, "predict", Picture(1), "--json", "--gate", "hybrid")).IsSuccess().Output
        );
        (await DmkdCommand.RunAsync(home, "predict", Picture(1), "--views", "1")).IsRefused(
            TinyRun.Id,
            "fitted",
            "--views 4"
        );
    }

    [Fact]
    public async Task Predict_DamagedWeights_FailsNamingTheDigest()
    {
        string home = _folder.Copy(finished.Home, "damaged");
        foreach (
            string file in Directory.EnumerateFiles(Path.Combine(home, "weights"), "*", SearchOption.AllDirectories)
        )
        {
            byte[] content = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
            content[content.Length / 2] ^= 1;
            await File.WriteAllBytesAsync(file, content, TestContext.Current.CancellationToken);
        }

        (await DmkdCommand.RunAsync(home, "predict", Picture(0))).IsFailed("sha256:", "damaged");
    }

    public void Dispose() => _folder.Dispose();

    private static string?[] Names(IEnumerable<JsonElement> entries) =>
        [.. entries.Select(entry => entry.GetProperty("image").GetString())];

    private string Picture(string name) => _folder.Write(name, SyntheticPictures.Png(3));

    private string Picture(int label) => _folder.Write($"{label}.png", SyntheticPictures.Png(label));

    private async Task<JsonElement[]> PredictAsync(params string[] arguments) =>
        [.. Json.Parse((await RunAsync(["predict", .. arguments, "--json"])).IsSuccess().Output).EnumerateArray()];

    private Task<Outcome> RunAsync(params string[] arguments) => DmkdCommand.RunAsync(finished.Home, arguments);
}
