using Dmkd.Client.Rendering;
using Dmkd.Client.Rendering.Images;
using Dmkd.Core.Preservation;
using SkiaSharp;

namespace Dmkd.Client.Tests;

/// <summary>
/// What can be said of a picture without eyes; DMKD_PICTURES names a folder to keep the pictures in, for eyes.
/// </summary>
public sealed class PartitionPictureTests
{
    public static TheoryData<string, int, int, int, bool> Sizes { get; } =
        new()
        {
            { "ten", 200, 5, 10, true },
            { "ten-points", 200, 5, 10, false },
            { "hundred", 256, 10, 100, true },
            { "thousand", 256, 20, 1000, false },
            { "tiny", 2, 2, 2, true },
            { "one", 1, 1, 1, true },
            { "many-clusters", 256, 256, 10, true },
        };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Draw_AnySize_IsAPictureWithText(string name, int size, int clusters, int classes, bool hasFont)
    {
        var map = Blocks(size, clusters, classes);
        using var bitmap = Draw(name, map, hasFont ? PictureText.OfThisMachine : new PictureText(null));
        Assert.InRange(bitmap.Width, 300, 2400);
        Assert.InRange(bitmap.Height, 200, 1200);
        Assert.Contains(bitmap.Pixels, pixel => pixel == SKColors.Black); // letters; nothing else is black
    }

    [Fact]
    public void Draw_Blocks_HasDarkCellsOnTheDiagonalOnly()
    {
        using var bitmap = Draw("blocks", Blocks(4, 2, 2), new PictureText(null));
        const int Left = 24 + 76,
            Top = 64,
            Cell = 768 / 4;
        var within = bitmap.GetPixel(Left + Cell / 2, Top + Cell * 3 / 2);
        var between = bitmap.GetPixel(Left + Cell / 2, Top + Cell * 7 / 2);
        Assert.True(within.Red < 60 && between.Red > 200, $"{within} and {between}");
    }

    [Fact]
    public void Draw_NoEdges_IsWhite()
    {
        var map = Blocks(4, 2, 2) with { Adjacency = new float[16] };
        using var bitmap = Draw("no-edges", map, new PictureText(null));
        Assert.Equal(SKColors.White, bitmap.GetPixel(24 + 76 + 50, 64 + 50));
    }

    [Fact]
    public void Draw_WrongNumberOfNames_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => PartitionPicture.Draw(Blocks(4, 2, 2), ["cat"]));

    private static SKBitmap Draw(string name, PartitionMap map, PictureText text)
    {
        string[] names =
        [
            .. Enumerable
                .Range(0, map.ClassShares.GetLength(1))
                .Select(label => label % 3 == 1 ? $"a rather long name of a class number {label}" : $"class {label}"),
        ];
        byte[] png = PartitionPicture.Draw(map, names, text);
        if (Environment.GetEnvironmentVariable("DMKD_PICTURES") is { } folder)
            File.WriteAllBytes(Path.Combine(folder, $"{name}.png"), png);
        return SKBitmap.Decode(png);
    }

    /// <summary>Strong edges within clusters, weak ones between, absent ones here and there.</summary>
    private static PartitionMap Blocks(int size, int clusters, int classes)
    {
        var random = new Random(1);
        float[] adjacency = new float[size * size];
        for (int i = 0; i < adjacency.Length; i++)
        {
            int row = i / size,
                column = i % size;
            bool same = row * clusters / size == column * clusters / size;
            adjacency[i] =
                row == column || (size > 4 && (row * 7 + column * 7) % 5 == 0)
                    ? 0
                    : (same ? 1f : 1e-3f) * (0.5f + random.NextSingle());
        }

        double[,] shares = new double[clusters, classes];
        for (int label = 0; label < classes; label++)
        {
            for (int cluster = 0; cluster < clusters; cluster++)
                shares[cluster, label] =
                    clusters == 1 ? 1
                    : cluster == label % clusters ? 0.6
                    : 0.4 / (clusters - 1);
        }

        return new PartitionMap
        {
            Size = size,
            Adjacency = adjacency,
            ClusterStarts =
            [
                .. Enumerable.Range(0, clusters).Select(cluster => (cluster * size + clusters - 1) / clusters),
            ],
            ClassShares = shares,
        };
    }
}
