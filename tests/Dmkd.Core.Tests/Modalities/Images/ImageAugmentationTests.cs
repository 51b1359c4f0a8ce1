using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Tests.Preservation;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Modalities.Images;

public sealed class ImageAugmentationTests
{
    private const int Size = 12;

    [Fact]
    public void Apply_ManyImages_AreShiftedAndMirroredWithinTheLimits()
    {
        using var scope = NewDisposeScope();
        var image = NumberedImage();
        var expected = Versions(image);
        var seen = new HashSet<string>();
        var augmented = Apply(image.expand(1000, 2, Size, Size).contiguous(), seed: 1);
        for (int i = 0; i < 1000; i++)
        {
            string version = TextOf(augmented[i]);
            Assert.Contains(version, expected);
            seen.Add(version);
        }

        // 2 mirrors x 9 x 9 shifts; 1000 draws miss 0.3 on average
        Assert.True(seen.Count > 150, $"{seen.Count} of 162 versions");
    }

    [Fact]
    public void Apply_Bytes_KeepsShapeTypeAndValues()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        var images = randint(1, 4, [5, 3, Size, Size], ScalarType.Byte, generator: generator) * 50;
        var augmented = Apply(images.to(ScalarType.Byte), seed: 2);
        Assert.Equal(images.shape, augmented.shape);
        Assert.Equal(ScalarType.Byte, augmented.dtype);
        // and 0 from the border
        Assert.All(augmented.data<byte>().ToArray(), value => Assert.Contains(value, new byte[] { 0, 50, 100, 150 }));
    }

    [Fact]
    public void Apply_SameGeneratorState_GivesTheSameImages()
    {
        using var scope = NewDisposeScope();
        var images = NumberedImage().expand(20, 2, Size, Size).contiguous();
        TensorAssert.Identical(Apply(images, seed: 3), Apply(images, seed: 3));
        Assert.NotEqual(TextOf(Apply(images, seed: 3)), TextOf(Apply(images, seed: 4)));
    }

    [Fact]
    public void Apply_LeavesItsInputAndNoTensor()
    {
        using var scope = NewDisposeScope();
        var images = NumberedImage();
        using var before = images.clone();
        LeakTests.AssertNoLeak(() => Apply(images, seed: 5).Dispose());
        TensorAssert.Identical(before, images);
    }

    private static Tensor Apply(Tensor images, ulong seed)
    {
        using var generator = new Generator(seed);
        return ImageAugmentation.Apply(images, generator);
    }

    /// <summary>Every pixel has its own value, from 1: 0 is the border.</summary>
    private static Tensor NumberedImage() => arange(1, 2 * Size * Size + 1, ScalarType.Int32).view(1, 2, Size, Size);

    /// <summary>Mirrored or not, moved by -4 to 4 pixels each way, zeros moving in: by hand.</summary>
    private static HashSet<string> Versions(Tensor image)
    {
        int[] source = image.data<int>().ToArray();
        var versions = new HashSet<string>();
        foreach (bool mirrored in new[] { false, true })
            for (int down = -4; down <= 4; down++)
            for (int right = -4; right <= 4; right++)
                versions.Add(string.Join(' ', Moved(source, mirrored, down, right)));
        return versions;
    }

    private static IEnumerable<int> Moved(int[] source, bool mirrored, int down, int right)
    {
        for (int channel = 0; channel < 2; channel++)
        {
            for (int row = 0; row < Size; row++)
            {
                for (int column = 0; column < Size; column++)
                {
                    int fromRow = row + down,
                        fromColumn = column + right;
                    bool isInside = fromRow is >= 0 and < Size && fromColumn is >= 0 and < Size;
                    yield return isInside
                        ? source[(channel * Size + fromRow) * Size + (mirrored ? Size - 1 - fromColumn : fromColumn)]
                        : 0;
                }
            }
        }
    }

    private static string TextOf(Tensor image)
    {
        using var flat = image.contiguous();
        return string.Join(' ', flat.data<int>().ToArray());
    }
}
