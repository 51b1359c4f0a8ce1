using Dmkd.Experiments.Plans;

namespace Dmkd.Experiments.Tests.Plans;

public sealed class ShippedPlansTests
{
    public static TheoryData<string> Names { get; } =
    [.. Directory.GetFiles(Folder(), "*.yaml").Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Read_ShippedFile_HasTheNameOfItsFileAndDmkdAsReference(string name)
    {
        var plan = PlanReader.Read(Path.Combine(Folder(), name));
        Assert.Equal(Path.GetFileNameWithoutExtension(name), plan.Name);
        Assert.Equal("dmkd", plan.Reference);
    }

    [Fact]
    public void Folder_Files_AreThePromisedOnes() =>
        Assert.Equal(
            [
                "smoke.yaml",
                "split-cifar10-ablations.yaml",
                "split-cifar10-controls.yaml",
                "split-cifar10-long.yaml",
                "split-cifar10.yaml",
                "split-cifar100.yaml",
                "split-tiny-imagenet.yaml",
                "tiny-imagenet-20.yaml",
            ],
            Names.Select(row => row.Data)
        );

    private static string Folder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Dmkd.sln")))
                return Path.Combine(folder.FullName, "experiments");
        }

        throw new DirectoryNotFoundException("The repository is not above the tests.");
    }
}
