using System.Text.Json;
using Dmkd.Client.Tests.Running;

namespace Dmkd.Client.Tests;

/// <summary>The whole system in one reading, from the first command to an answer.</summary>
public sealed class StoryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task TwoNodes_FromTheCommandToARoutedAnswer()
    {
        // A user has ten classes to learn, in two tasks of five. The images of a task are spread over two nodes. The
        // first task comes as a finished legacy model, the second as images alone. A round is: both nodes train, send
        // their updates, and the updates are merged; there are two rounds a task.
        var run = await AskAsync(
            ["run", "--data", "synthetic", "--train-per-class", "24", "--test-per-class", "10"],
            ["--tasks", "2", "--nodes", "2", "--rounds", "2", "--epochs", "1"],
            ["--legacy-tasks", "1", "--legacy-epochs", "1", "--no-baseline"]
        );

        // After each task everything learned so far was tested: one accuracy after the first, two after the second.
        var tested = run.GetProperty("accuracyMatrix").GetProperty("classIncremental");
        Assert.Equal([1, 2], tested.EnumerateArray().Select(row => row.GetArrayLength()));

        // No image left its node. Updates did, and in a shorter form than the weights that they change.
        long sent = run.GetProperty("bytesUp").GetInt64() - run.GetProperty("routingBytes").GetInt64();
        Assert.InRange(sent, 1, run.GetProperty("denseBytes").GetInt64() / 2);

        // The run leaves a library with one expert a task: the first was cut out of the legacy model, the second is
        // new. Neither knows the other's classes.
        var library = (await AskAsync(["modules", "list"])).EnumerateArray().ToArray();
        Assert.Equal(["expert-1", "expert-2"], library.Select(expert => Text(expert, "name")));
        Assert.Equal(["arrow", "boat", "bottle", "cup", "flag"], Texts(library[0], "classes"));
        Assert.Equal(["house", "key", "lamp", "tree", "umbrella"], Texts(library[1], "classes"));

        // An expert is a chain of versions: one to begin with, and one for each merge, made of both nodes' updates.
        var expert = await AskAsync(["modules", "show", "expert-2"]);
        var versions = expert.GetProperty("versions").EnumerateArray().ToArray();
        Assert.Equal([1, 2, 3], versions.Select(version => version.GetProperty("number").GetInt32()));
        Assert.Equal([null, Text(versions[0], "digest"), Text(versions[1], "digest")], versions.Select(Parent));
        Assert.All(versions.Skip(1), version => Assert.Equal(2, version.GetProperty("contributions").GetArrayLength()));

        // Somebody comes with a picture and does not say of which task. Both experts look at it, a share goes to each,
        // and the library answers with a class that one of them knows.
        string picture = _folder.Write("lamp.png", SyntheticPictures.Png(7));
        var answer = Assert.Single((await AskAsync(["predict", picture, "--top", "2"])).EnumerateArray());
        var asked = answer.GetProperty("experts").EnumerateArray().ToArray();
        Assert.Equal(["expert-1", "expert-2"], asked.Select(expert => Text(expert, "module")).Order());
        Assert.Equal(1, asked.Sum(expert => expert.GetProperty("probability").GetDouble()), 1e-9); // a sum of doubles
        Assert.Contains(Text(answer, "class"), library.SelectMany(known => Texts(known, "classes")));
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>What the program prints for a command.</summary>
    private async Task<JsonElement> AskAsync(params string[][] words)
    {
        var outcome = await DmkdCommand.RunAsync(_folder["home"], [.. words.SelectMany(part => part), "--json"]);
        return Json.Parse(outcome.IsSuccess().Output);
    }

    private static string? Parent(JsonElement version) => Text(version, "parentDigest");

    private static string? Text(JsonElement element, string field) => element.GetProperty(field).GetString();

    private static IEnumerable<string?> Texts(JsonElement element, string field) =>
        element.GetProperty(field).EnumerateArray().Select(entry => entry.GetString());
}
