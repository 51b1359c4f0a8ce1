using Dmkd.Core.Models;
using Dmkd.Core.Preservation;
using Dmkd.Core.Tensors;

namespace Dmkd.Core.Tests.Preservation;

/// <summary>
/// Experts of a given size, <see cref="UnitSelectionOptions.MultiplyAddsShare"/>, and choices without clusters.
/// </summary>
public sealed class UnitSelectorShareTests
{
    private const double MinFraction = 0.0625;
    private const int ClassCount = 3;

    public static TheoryData<string, double> NamesAndShares { get; } =
        new MatrixTheoryData<string, double>([.. ArchitectureCatalog.Names], [0.25, 0.5, 0.8]);

    [Theory]
    [MemberData(nameof(NamesAndShares))]
    public void MostImportant_Share_IsTheMostThatKeepsToIt(string name, double share)
    {
        var architecture = ArchitectureCatalog.Named(name, 10);
        var selection = MostImportant(architecture, share);
        var widths = selection.Widths;
        double limit = share * architecture.MultiplyAdds;
        Assert.InRange(architecture.Cut(selection.Units, ClassCount).MultiplyAdds, 0, limit);
        var larger = architecture.UnitSpaces.ToDictionary(
            space => space.Name,
            space => Math.Min(widths[space.Name] + 8, space.Width)
        );
        Assert.True(
            architecture.Resize(larger, ClassCount).MultiplyAdds > limit,
            "8 more units in every space would keep to the share too"
        );
        Assert.All(
            architecture.UnitSpaces.Where(space => space.Width >= 16),
            space =>
                Assert.True(
                    widths[space.Name] % 8 == 0
                        || widths[space.Name] == Math.Max(4, Math.Ceiling(MinFraction * space.Width))
                        || widths[space.Name] == space.Width,
                    $"{space.Name}: {widths[space.Name]} of {space.Width}"
                )
        );
    }

    [Theory]
    [InlineData("resnet20")]
    [InlineData("convnet")]
    [InlineData("mlp")]
    public void MostImportant_ShareOfOne_TakesEveryUnit(string name)
    {
        var architecture = ArchitectureCatalog.Named(name, 10);
        Assert.Equal(
            architecture.UnitSpaces.Select(space => space.Width),
            Widths(architecture, MostImportant(architecture, 1))
        );
    }

    [Fact]
    public void MostImportant_ShareOfOne_TakesAnOddNumberOfUnitsToo()
    {
        ConvNetArchitecture architecture = new(3, 16, [17, 23], 10);
        Assert.Equal([17, 23], Widths(architecture, MostImportant(architecture, 1, widthFraction: 0.1)));
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(0.1)]
    [InlineData(0.01)] // a hundred experts: less than a unit of each space
    public void MostImportant_Share_DecidesTheWidthsWhateverTheFraction(double widthFraction)
    {
        var architecture = ArchitectureCatalog.Named("resnet20", 10);
        Assert.Equal(
            Widths(architecture, MostImportant(architecture, 0.5)),
            Widths(architecture, MostImportant(architecture, 0.5, widthFraction: widthFraction))
        );
    }

    [Fact]
    public void MostImportant_MaximumWidth_HoldsUnderTheShareToo()
    {
        var architecture = ArchitectureCatalog.Named("resnet20", 10);
        var selection = MostImportant(architecture, 1, maximum: 0.5);
        Assert.Equal(architecture.UnitSpaces.Select(space => space.Width / 2), Widths(architecture, selection));
    }

    [Fact]
    public void Select_Share_CutsEverySpaceAlikeAndTakesTheClustersUnitsFirst()
    {
        var architecture = ArchitectureCatalog.Named("resnet20", 10);
        using var scores = Scores(architecture);
        UnitNode[] nodes =
        [
            .. from space in architecture.UnitSpaces
            from unit in Enumerable.Range(0, space.Width)
            select new UnitNode(space.Name, unit),
        ];
        int[] lastTwo =
        [
            .. nodes.Select(node =>
                node.Unit >= architecture.UnitSpaces.Single(space => space.Name == node.Space).Width - 2 ? 1 : 0
            ),
        ];
        UnitSelectionOptions options = new() { MinWidthFraction = MinFraction, MultiplyAddsShare = 0.5 };
        var selection = UnitSelector.Select(
            architecture,
            scores,
            ImportanceGraph.FromEdges(nodes, []),
            lastTwo,
            1,
            [0, 1, 2],
            options
        );
        Assert.Equal(Widths(architecture, MostImportant(architecture, 0.5)), Widths(architecture, selection));
        Assert.All(
            architecture.UnitSpaces,
            space => Assert.Equal([space.Width - 2, space.Width - 1], selection[space.Name].TakeLast(2))
        );
    }

    [Fact]
    public void MostImportant_LeastWidthAboveTheShare_ThrowsNamingBothShares()
    {
        var architecture = ArchitectureCatalog.Named("resnet20", 10);
        UnitSelectionOptions options = new() { MinWidthFraction = 0.5, MultiplyAddsShare = 0.125 };
        using var scores = Scores(architecture);
        double least = (double)UnitSelector.MinMultiplyAdds(architecture, 1, options) / architecture.MultiplyAdds;
        Assert.InRange(least, 0.2, 0.3);
        string message = Assert
            .Throws<ArgumentException>(() => UnitSelector.MostImportant(architecture, scores, [0], 1, options))
            .Message;
        Assert.Contains($"{0.125:P1}", message, StringComparison.Ordinal);
        Assert.Contains($"{least:P1}", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-0.5)]
    [InlineData(double.NaN)]
    public void MostImportant_ShareNotPositive_Throws(double share) =>
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            MostImportant(ArchitectureCatalog.Named("convnet", 10), share)
        );

    [Theory]
    [InlineData(new[] { 0 }, new[] { 0, 1, 3, 5, 8 })]
    [InlineData(new[] { 1 }, new[] { 0, 1, 2, 3, 9 })] // of equally important units the first
    [InlineData(new[] { 0, 1 }, new[] { 0, 2, 3, 5, 8 })] // classes count alike
    public void MostImportant_Classes_TakesTheirUnitsInEverySpace(int[] classes, int[] expected)
    {
        var selection = ByHand(classes, 0.5, new());
        Assert.Equal(expected, selection["conv1"]);
        Assert.Equal([0, 1, 2], selection["conv2"]); // fewer than four are never cut
    }

    [Fact]
    public void MostImportant_Fraction_StaysWithinTheWidths()
    {
        Assert.Equal(8, ByHand([0], 0.1, new() { MinWidthFraction = 0.8 }).Widths["conv1"]);
        Assert.Equal(6, ByHand([0], 1, new() { MaxWidthFraction = 0.6 }).Widths["conv1"]);
        Assert.Equal(4, ByHand([0], 0.1, new() { MinWidthFraction = 0 }).Widths["conv1"]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-0.5)]
    [InlineData(1.01)]
    public void MostImportant_FractionOutOfRange_Throws(double widthFraction) =>
        Assert.Throws<ArgumentOutOfRangeException>(nameof(widthFraction), () => ByHand([0], widthFraction, new()));

    [Theory]
    [InlineData(new int[0])]
    [InlineData(new[] { 0, 2 })]
    [InlineData(new[] { -1 })]
    public void MostImportant_NoOrUnknownClass_Throws(int[] classes) =>
        Assert.Throws<ArgumentOutOfRangeException>(nameof(classes), () => ByHand(classes, 0.5, new()));

    [Fact]
    public void MinMultiplyAdds_Mlp_IsTheHandComputedOne()
    {
        MlpArchitecture architecture = new(1, 4, [40, 20, 8], 5);
        // a quarter, and at least 4 units
        Assert.Equal(16 * 10 + 10 * 5 + 5 * 4 + 4 * 1, UnitSelector.MinMultiplyAdds(architecture, 1, new()));
        Assert.Equal(
            16 * 40 + 40 * 20 + 20 * 8 + 8 * 1,
            UnitSelector.MinMultiplyAdds(architecture, 1, new() { MinWidthFraction = 1 })
        );
    }

    private static UnitSelection ByHand(int[] classes, double widthFraction, UnitSelectionOptions options)
    {
        Dictionary<string, double[,]> units = new()
        {
            ["conv1"] = new double[,]
            {
                { 9, 5, 1, 6, 2, 8, 0, 3, 7, 4 },
                { 0, 0, 900, 0, 0, 0, 0, 0, 0, 1 },
            },
            ["conv2"] = new double[,]
            {
                { 1, 2, 3 },
                { 3, 2, 1 },
            },
        };
        using var scores = new ImportanceScores(2, new WeightSet([]), units);
        return UnitSelector.MostImportant(
            new ConvNetArchitecture(1, 4, [10, 3], 2),
            scores,
            classes,
            widthFraction,
            options
        );
    }

    private static UnitSelection MostImportant(
        NetworkArchitecture architecture,
        double share,
        double widthFraction = 1,
        double maximum = 1
    )
    {
        using var scores = Scores(architecture);
        UnitSelectionOptions options = new()
        {
            MinWidthFraction = MinFraction,
            MaxWidthFraction = maximum,
            MultiplyAddsShare = share,
        };
        return UnitSelector.MostImportant(architecture, scores, [0, 1, 2], widthFraction, options);
    }

    private static int[] Widths(NetworkArchitecture architecture, UnitSelection selection) =>
        [.. architecture.UnitSpaces.Select(space => selection[space.Name].Count)];

    // The first units of every space are the most important.
    private static ImportanceScores Scores(NetworkArchitecture architecture) =>
        new(
            ClassCount,
            new WeightSet([]),
            architecture.UnitSpaces.ToDictionary(
                space => space.Name,
                space =>
                {
                    double[,] values = new double[ClassCount, space.Width];
                    for (int i = 0; i < values.Length; i++)
                        values[i / space.Width, i % space.Width] = space.Width - i % space.Width;
                    return values;
                }
            )
        );
}
