using Dmkd.Data.Images;

namespace Dmkd.Data.Tests;

public sealed class ImageSetTests
{
    private static readonly ImageSet Three = new([1, 2, 3, 4, 5, 6], [7, 8, 9], channels: 1, height: 1, width: 2);

    [Fact]
    public void Image_OfTheMiddle_IsItsBytes() => Assert.Equal([3, 4], Three.Image(1).ToArray());

    [Theory]
    [InlineData(-1)]
    [InlineData(3)]
    public void Image_OutsideTheSet_Throws(int index) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Three.Image(index).Length);

    [Fact]
    public void PositionsOf_Classes_AreAscendingWhateverTheirOrder() =>
        Assert.Equal([0, 2], Three.PositionsOf([9, 5, 7]));

    [Fact]
    public void Select_KeepsTheOrderAsked()
    {
        var chosen = Three.Select([2, 0]);

        Assert.Equal([5, 6, 1, 2], chosen.Pixels);
        Assert.Equal([9, 7], chosen.Labels);
    }

    [Fact]
    public void Select_SharesNothing()
    {
        var chosen = Three.Select([0, 1, 2]);

        Assert.NotSame(Three.Pixels, chosen.Pixels);
        Assert.NotSame(Three.Labels, chosen.Labels);
    }

    [Fact]
    public void Constructor_WrongLength_NamesBothLengths()
    {
        string message = Assert.Throws<ArgumentException>(() => new ImageSet(new byte[11], [0, 0], 1, 2, 3)).Message;

        Assert.Contains("12", message, StringComparison.Ordinal);
        Assert.Contains("11", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Constructor_NegativeLabel_Throws() =>
        Assert.Throws<ArgumentException>(() => new ImageSet(new byte[2], [0, -1], 1, 1, 1));
}
