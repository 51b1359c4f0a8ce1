using System.Text.Json;
using System.Text.RegularExpressions;
using Dmkd.Client.Tests.Running;
using Dmkd.Grains.Tests.Postgres;

namespace Dmkd.Client.Tests.Cluster;

/// <summary>Parties with folders of their own, each at a silo of its own, grow one library.</summary>
public sealed partial class PartiesTests(SharedDatabases server) : IDisposable
{
    private const string Library = "shop";
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Learn_TwoPartiesOneAwayForALesson_GrowOneLibraryOutOfTheirFolders()
    {
        WriteImages("a", ["ball", "cone", "cube", "disk"]);
        WriteImages("b", ["cone", "cube", "disk", "ring"]);
        string database = await server.CreateDatabaseAsync();
        using var first = Offer(database, "clinic-a", "a");
        await first.LogsAsync("Node clinic-a: offered");
        var second = Offer(database, "clinic-b", "b");
        try
        {
            await second.LogsAsync("Node clinic-b: offered");
            var (code, log) = await SiloProcess.RefusedAsync([
                $"--Dmkd:Cluster={database}",
                "--Dmkd:SiloPort=" + SiloProcess.FreePort(),
                "--Dmkd:GatewayPort=" + SiloProcess.FreePort(),
                .. Node("clinic-b", "a"),
            ]);
            Assert.Equal(2, code);
            Assert.Contains(
                $"The silo at 127.0.0.1:{second.SiloPort} offers a node 'clinic-b'",
                log,
                StringComparison.Ordinal
            );

            (await InClusterAsync(["library", "create", Library, .. Tiny()])).IsSuccess();
            var learned = Json.Parse((await LearnAsync("cone,cube")).IsSuccess().Output);
            Assert.Equal(["clinic-a", "clinic-b"], Names(learned.GetProperty("nodes")));
            Assert.All(learned.GetProperty("nodes").EnumerateArray(), node => Assert.Equal(12, HeldOut(node)));
            (await LearnAsync("cube,disk")).IsRefused("knows class 'cube' already");
            (await LearnAsync("Ring,disk")).IsRefused("is 'ring' meant?");

            second.Kill();
            await IsAwayAsync("clinic-b");
            (await LearnAsync("disk,ring")).IsRefused("'ring'; clinic-b has, and is away. Here are: clinic-a");
            var without = (await LearnAsync("ball,disk")).IsSuccess();
            Assert.Contains("away, and not asked: clinic-b", without.Error, StringComparison.Ordinal);
            second.Dispose();
            second = Offer(database, "clinic-b", "b");
            await second.LogsAsync("Node clinic-b: offered");

            var shown = Json.Parse((await InClusterAsync("library", "show", Library, "--json")).IsSuccess().Output);
            Assert.Equal(
                ["cone,cube by clinic-a,clinic-b", "ball,disk by clinic-a"],
                shown.GetProperty("experts").EnumerateArray().Select(Lesson)
            );
            var predicted = await InClusterAsync(
                "predict",
                "--library",
                Library,
                Path.Combine(_folder["a"], "test", "ball", "0.png"),
                "--json"
            );
            predicted.IsSuccess();
        }
        finally
        {
            second.Dispose();
        }

        async Task IsAwayAsync(string node)
        {
            while (
                Json.Parse((await InClusterAsync("nodes", "offered", "--json")).IsSuccess().Output)
                    .EnumerateArray()
                    .Single(one => one.GetProperty("node").GetString() == node)
                    .GetProperty("isHere")
                    .GetBoolean()
            )
                TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
        }

        Task<Outcome> LearnAsync(string classes) => InClusterAsync("learn", Library, "--classes", classes, "--json");

        Task<Outcome> InClusterAsync(params string[] arguments) => DmkdCommand.RunInClusterAsync(database, arguments);
    }

    /// <summary>As the page has them, but for the folders' place and a library of smaller networks.</summary>
    [Fact]
    public async Task PartiesPage_ItsCommands_Work()
    {
        const string page = "docs/start/parties.md";
        string text = await File.ReadAllTextAsync(
            Path.Combine(DocsTests.Root, page),
            TestContext.Current.CancellationToken
        );
        string firstBlock = text.Split("```")[1];
        foreach (string party in (string[])["north", "east", "west"])
            WriteImages($"clinics/{party}", ["ball", "cone", "cube", "ring"]);
        WriteImages("clinics/south", ["ball", "cone", "cube", "ring"], isSplit: false);
        string[] nodes = [.. NodePattern().Matches(firstBlock).Select(match => Here(match.Value))];
        Assert.Equal(9, nodes.Length);
        using var silo = SiloProcess.StartAlone(
            _folder["shop-home"],
            [.. nodes, "--Logging:LogLevel:Dmkd=Information"]
        );
        await silo.LogsAsync("Node west: offered");
        await silo.IsUpAsync();

        foreach (string[] words in DocsTests.CommandsOf(page).Where(words => words.Contains("shop-home")))
        {
            string[] more = words is ["library", "create", ..] ? Tiny() : [];
            (await DmkdCommand.RunPlainAsync([.. words.Select(Here), .. more])).IsSuccess();
        }

        string Here(string word) =>
            word.Replace("clinics", _folder["clinics"], StringComparison.Ordinal)
                .Replace("shop-home", _folder["shop-home"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Name=../x", "Dmkd:Nodes:0:Name must be 1 to 64 letters", "'../x'")]
    [InlineData("Data=missing", "Dmkd:Nodes:0:Data:", "missing does not exist")]
    [InlineData("Holdout=2", "Dmkd:Nodes:0:Holdout must be a number in [0.01, 0.9], not '2'")]
    [InlineData("Holdout=0,2", "Dmkd:Nodes:0:Holdout must be a number in [0.01, 0.9], not '0,2'")]
    [InlineData("Folder=x", "There is no setting Dmkd:Nodes:0:Folder")]
    public async Task Silo_NodeThatCannotBeOffered_SaysWhyAndEnds(string wrong, params string[] parts)
    {
        WriteImages("a", ["cone", "cube"]);
        string[] settings = [$"--Dmkd:Home={_folder["home"]}", .. Node("clinic-a", "a"), $"--Dmkd:Nodes:0:{wrong}"];

        var (code, log) = await SiloProcess.RefusedAsync(settings);

        Assert.Equal(2, code);
        foreach (string part in parts)
            Assert.Contains(part, log, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private SiloProcess Offer(string database, string name, string folder) =>
        SiloProcess.Start(database, [.. Node(name, folder), "--Logging:LogLevel:Dmkd=Information"]);

    private string[] Node(string name, string folder) =>
        [$"--Dmkd:Nodes:0:Name={name}", $"--Dmkd:Nodes:0:Data={_folder[folder]}"];

    private static string[] Tiny() =>
        ["--rounds", "1", "--epochs", "1", "--widths", "4,8,8,8", "--views", "1", "--all-rotations", "false"];

    /// <summary>Drawn pictures of a class each, the same at all parties.</summary>
    private void WriteImages(string party, string[] classes, bool isSplit = true)
    {
        foreach (string name in classes)
        {
            byte[] picture = SyntheticPictures.Png(name[1] % 10);
            for (int i = 0; i < 8; i++)
                _folder.Write(isSplit ? $"{party}/train/{name}/{i}.png" : $"{party}/{name}/{i}.png", picture);
            for (int i = 0; isSplit && i < 6; i++)
                _folder.Write($"{party}/test/{name}/{i}.png", picture);
        }
    }

    [GeneratedRegex(@"--Dmkd:Nodes:\S+")]
    private static partial Regex NodePattern();

    private static string[] Names(JsonElement nodes) =>
        [.. nodes.EnumerateArray().Select(node => node.GetProperty("node").GetString()!)];

    private static int HeldOut(JsonElement node) => node.GetProperty("heldOut").GetInt32();

    private static string Lesson(JsonElement expert) =>
        $"{string.Join(',', Texts(expert.GetProperty("classes")))} by {string.Join(',', Texts(expert.GetProperty("nodes")))}";

    private static IEnumerable<string?> Texts(JsonElement array) =>
        array.EnumerateArray().Select(text => text.GetString());
}
