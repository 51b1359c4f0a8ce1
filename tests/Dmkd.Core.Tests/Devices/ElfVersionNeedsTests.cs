using Dmkd.Core.Devices;

namespace Dmkd.Core.Tests.Devices;

public class ElfVersionNeedsTests
{
    [Fact]
    public void MakeWeak_TorchSharpLibrary_ChangesOneFlagPerNeed()
    {
        byte[] image = Library();
        byte[] original = [.. image];
        int changed = ElfVersionNeeds.MakeWeak(image, "GLIBCXX_3.4.32");
        Assert.True(changed > 0);
        Assert.Equal(changed, image.Zip(original).Count(pair => pair.First != pair.Second));
    }

    [Fact]
    public void MakeWeak_VersionThatIsNotNeeded_ChangesNothing()
    {
        byte[] image = Library();
        Assert.Equal(0, ElfVersionNeeds.MakeWeak(image, "GLIBCXX_9.9.99"));
        Assert.Equal(Library(), image);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(100)]
    public void MakeWeak_NoLibrary_ChangesNothing(int length) =>
        Assert.Equal(0, ElfVersionNeeds.MakeWeak(new byte[length], "GLIBCXX_3.4.32"));

    private static byte[] Library() =>
        File.ReadAllBytes(Path.Combine((string)AppContext.GetData("Dmkd.TorchSharpNativeDir")!, "libLibTorchSharp.so"));
}
