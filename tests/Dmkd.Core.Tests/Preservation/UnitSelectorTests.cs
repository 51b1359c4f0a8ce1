using Dmkd.Core.Models;
using Dmkd.Core.Preservation;
using Dmkd.Core.Tensors;

namespace Dmkd.Core.Tests.Preservation;

public sealed class UnitSelectorTests
{
    private static readonly ConvNetArchitecture Architecture = new(1, 4, [10, 3], 2);

    [Fact]
    public void Select_BetweenTheLimits_IsTheClustersUnits() =>
        Assert.Equal([1, 3, 5, 7, 9], Select(0.2, 0.8)["conv1"]);

    [Fact]
    public void Select_TooFew_AddsTheUnitsMostImportantToTheClasses() =>
        Assert.Equal([0, 1, 3, 5, 7, 8, 9], Select(0.7, 0.8)["conv1"]);

    [Fact]
    public void Select_TooMany_KeepsTheUnitsMostImportantToTheClasses() =>
        Assert.Equal([1, 3, 5, 9], Select(0.2, 0.4)["conv1"]);

    [Fact]
    public void Select_OtherClasses_FillsWithTheirUnits() =>
        Assert.Equal([1, 2, 3, 5, 7, 9], Select(0.6, 1, classes: [1])["conv1"]);

    [Fact]
    public void Select_ZeroWidth_KeepsFourUnitsOrAll()
    {
        var selection = Select(0, 0);
        Assert.Equal(4, selection.Widths["conv1"]);
        Assert.Equal(3, selection.Widths["conv2"]);
    }

    [Fact]
    public void Select_NoOrUnknownClass_Throws()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Select(0, 1, classes: []));
        Assert.Throws<ArgumentOutOfRangeException>(() => Select(0, 1, classes: [2]));
    }

    [Theory]
    [InlineData(-0.1, 1)]
    [InlineData(0.5, 0.4)]
    [InlineData(0.5, 1.1)]
    [InlineData(double.NaN, 1)]
    public void Select_FractionsOutOfRange_Throws(double minimum, double maximum) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Select(minimum, maximum));

    // The cluster holds the odd units of conv1 and none of conv2.
    private static UnitSelection Select(double minimum, double maximum, int[]? classes = null)
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
        UnitNode[] nodes =
        [
            .. Architecture.UnitSpaces.SelectMany(space =>
                Enumerable.Range(0, space.Width).Select(unit => new UnitNode(space.Name, unit))
            ),
        ];
        int[] clusterOfNode = [.. nodes.Select(node => node.Space == "conv1" ? node.Unit % 2 : 0)];
        var options = new UnitSelectionOptions { MinWidthFraction = minimum, MaxWidthFraction = maximum };
        return UnitSelector.Select(
            Architecture,
            scores,
            ImportanceGraph.FromEdges(nodes, []),
            clusterOfNode,
            1,
            classes ?? [0],
            options
        );
    }
}
