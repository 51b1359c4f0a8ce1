using System.Text.RegularExpressions;

namespace Dmkd.Architecture.Tests;

/// <summary>Folders of a project, which are its namespaces: one can be read without those that use it.</summary>
public sealed partial class FolderTests
{
    private static readonly string[] Sources = ["src", "client", "silo"];

    private static readonly string[] ImageRooms = ["Images", "Synthetic", "Cifar"];

    [Theory]
    [InlineData("Dmkd.Core", "Dmkd.Core")]
    [InlineData("Dmkd.Data", "Dmkd.Data")]
    [InlineData("Dmkd.Contracts", "Dmkd.Contracts")]
    [InlineData("Dmkd.Serving", "Dmkd.Serving")]
    [InlineData("Dmkd.Grains", "Dmkd.Grains")]
    [InlineData("Dmkd.Hosting", "Dmkd.Hosting")]
    [InlineData("Dmkd.Experiments", "Dmkd.Experiments")]
    [InlineData("Dmkd.Client", "dmkd")]
    [InlineData("Dmkd.Silo", "dmkd-silo")]
    public void Folders_OfAProject_FormNoCircle(string project, string assembly)
    {
        using var file = new AssemblyFile(AssemblyFile.PathOf(project, assembly));
        var arrows = file.Arrows()
            .Where(arrow => IsOwn(arrow.From) && IsOwn(arrow.To))
            .ToLookup(a => a.From, a => a.To);
        Assert.DoesNotContain(arrows, group => IsReachable(group.Key, group.Key, arrows));

        bool IsOwn(string name) => name == project || name.StartsWith(project + ".", StringComparison.Ordinal);
    }

    [Fact]
    public void Arrows_OfThisProject_SeeBodiesAndSignatures()
    {
        using var file = new AssemblyFile(typeof(FolderTests).Assembly.Location);
        var arrows = file.Arrows();
        Assert.Contains(("Dmkd.Architecture.Tests.First", "Dmkd.Architecture.Tests.Second"), arrows);
        Assert.Contains(("Dmkd.Architecture.Tests.Second", "Dmkd.Architecture.Tests.First"), arrows);
    }

    [Fact]
    public void ImageWords_OutsideTheRoomsOfImages_DoNotOccur()
    {
        string? root = FindRoot();
        Assert.SkipWhen(root is null, "The sources are not above the tests: there is no text to read.");
        var files = Sources
            .SelectMany(folder =>
                Directory.EnumerateFiles(Path.Combine(root!, folder), "*.cs", SearchOption.AllDirectories)
            )
            .Select(file => Path.GetRelativePath(root!, file))
            .Where(file => !file.Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin"))
            .ToLookup(file => ImageRooms.Any(room => file.Contains(room, StringComparison.Ordinal)));
        Assert.DoesNotContain(files[false], HasImageWord);
        Assert.Contains(files[true], HasImageWord); // the words are still those that images have

        bool HasImageWord(string file) => ImageWord().IsMatch(File.ReadAllText(Path.Combine(root!, file)));
    }

    [Fact]
    public void States_OfGrains_AreWrittenByStateWritersAlone()
    {
        using var grains = new AssemblyFile(AssemblyFile.PathOf("Dmkd.Grains", "Dmkd.Grains"));
        using var hosting = new AssemblyFile(AssemblyFile.PathOf("Dmkd.Hosting", "Dmkd.Hosting"));
        Assert.Empty(grains.CallersOf("WriteStateAsync"));
        // The latter stands before Orleans' storage and passes its writes on.
        Assert.Equal(
            ["Dmkd.Hosting.Storage.PersistentSlot`1", "Dmkd.Hosting.Storage.StateStorage"],
            hosting.CallersOf("WriteStateAsync").Distinct().Order(StringComparer.Ordinal)
        );
    }

    private static bool IsReachable(string from, string to, ILookup<string, string> arrows)
    {
        var seen = new HashSet<string>();
        var open = new Stack<string>(arrows[from]);
        while (open.TryPop(out string? next))
        {
            if (next == to)
                return true;
            if (!seen.Add(next))
                continue;
            foreach (string further in arrows[next])
                open.Push(further);
        }

        return false;
    }

    private static string? FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Dmkd.sln")))
                return folder.FullName;
        return null;
    }

    [GeneratedRegex(@"\b\w*(Pixel|Rotation|Rotated|InputChannels|InputSize)\w*\b")]
    private static partial Regex ImageWord();
}
