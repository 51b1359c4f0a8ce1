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
    public void Select_SharesNoLabels()
    {
        var chosen = Three.Select([0, 1, 2]);

        Assert.NotSame(Three.Pixels, chosen.Pixels);
        Assert.NotSame(Three.Labels, chosen.Labels);
    }

    [Fact]
    public void Select_OfChosenImages_CountsAmongThem()
    {
        var chosen = Three.Select([2, 0]).Select([1, 1, 0]);

        Assert.Equal([1, 2, 1, 2, 5, 6], chosen.Pixels);
        Assert.Equal([7, 7, 9], chosen.Labels);
        Assert.Equal([5, 6], chosen.Image(2).ToArray());
    }

    [Fact]
    public void Select_OutsideTheChosenImages_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Three.Select([2, 0]).Select([2]));

    [Fact]
    public void Relabel_OfChosenImages_KeepsTheImages()
    {
        var named = Three.Select([2, 0]).Relabel(label => label + 1);

        Assert.Equal([5, 6, 1, 2], named.Pixels);
        Assert.Equal([10, 8], named.Labels);
    }

    [Fact]
    public void Concat_OfChosenImages_CopiesThemInOrder()
    {
        var all = ImageSet.Concat([Three.Select([2]), Three, Three.Select([1, 0])]);

        Assert.Equal([5, 6, 1, 2, 3, 4, 5, 6, 3, 4, 1, 2], all.Pixels);
        Assert.Equal(6, all.Count);
    }

    [Fact]
    public void CopyTo_OfChosenImages_IsTheirContent()
    {
        byte[] copied = new byte[4];
        Three.Select([1, 2]).CopyTo(copied);
        Assert.Equal([3, 4, 5, 6], copied);
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
