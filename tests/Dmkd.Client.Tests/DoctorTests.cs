using Dmkd.Client.Tests.Running;

namespace Dmkd.Client.Tests;

public sealed class DoctorTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Home => _folder["home"];

    [Fact]
    public async Task Doctor_Json_ExaminesEveryPart()
    {
        var checkup = Json.Parse((await DmkdCommand.RunAsync(Home, ["doctor", "--json"])).IsSuccess().Output);
        Assert.Equal(
            ["processor", "libtorch", "oneDnn", "convolutions", "dataFolders", "home", "silo", "healthy"],
            checkup.Names()
        );
        Assert.True(checkup.GetProperty("healthy").GetBoolean());
        Assert.StartsWith(
            "2.10",
            checkup.GetProperty("libtorch").GetProperty("version").GetString(),
            StringComparison.Ordinal
        );
        Assert.Contains("v3.", checkup.GetProperty("oneDnn").GetString(), StringComparison.Ordinal);
        Assert.StartsWith(
            "right",
            checkup.GetProperty("convolutions").GetProperty("state").GetString(),
            StringComparison.Ordinal
        );
        Assert.Equal(10, checkup.GetProperty("dataFolders")[0].GetProperty("classes").GetInt32());
        Assert.Equal(1, checkup.GetProperty("silo").GetProperty("active").GetInt32());
    }

    [Fact]
    public async Task Doctor_NewHome_LeavesItUnmade()
    {
        (await DmkdCommand.RunAsync(Home, ["doctor"])).IsSuccess();
        Assert.False(Directory.Exists(Home));
    }

    [Fact]
    public async Task Doctor_Text_NamesEveryPart()
    {
        var outcome = (await DmkdCommand.RunAsync(Home, ["doctor"])).IsSuccess();
        foreach (
            string part in new[]
            {
                "processor",
                "libtorch",
                "oneDNN",
                "convolutions",
                "right",
                "data",
                "home",
                "not made yet",
                "silo",
            }
        )
            Assert.Contains(part, outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_DataThatIsNotThere_FailsAndSaysSo()
    {
        var outcome = await DmkdCommand.RunAsync(
            Home,
            ["doctor", "--json", "--data", "images", "--data-path", _folder["missing"]]
        );
        Assert.Equal(1, outcome.ExitCode);
        var checkup = Json.Parse(outcome.Output);
        Assert.False(checkup.GetProperty("healthy").GetBoolean());
        Assert.Contains(
            "does not exist",
            checkup.GetProperty("dataFolders")[0].GetProperty("problem").GetString(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Doctor_EmptyImageThatItDoesNotRead_FailsAndNamesIt()
    {
        foreach (string name in new[] { "a", "b" })
            for (int i = 0; i < 9; i++)
                _folder.Write($"data/{(i < 6 ? "train" : "test")}/{name}/{i}.png", SyntheticPictures.Png(3));
        _folder.Write("data/train/b/3.png", []);
        var outcome = await DmkdCommand.RunAsync(Home, ["doctor", "--data-path", _folder["data"]]);
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("empty file", outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_UnknownKindOfData_IsRefused() =>
        (await DmkdCommand.RunAsync(Home, ["doctor", "--data", "words"])).IsRefused("--data", "words");

    public void Dispose() => _folder.Dispose();
}
