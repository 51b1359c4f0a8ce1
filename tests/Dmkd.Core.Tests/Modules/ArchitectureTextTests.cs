using Dmkd.Core.Models;

namespace Dmkd.Core.Tests.Modules;

public class ArchitectureTextTests
{
    [Theory]
    [InlineData("convnet(3x32x32;24-48-48-48;8)")]
    [InlineData("convnet(1x4x4;1;1)")]
    public void Parse_TextOfAnArchitecture_GivesItBack(string text)
    {
        var architecture = ArchitectureCatalog.Parse(text);
        Assert.Equal(text, architecture.ToString());
        Assert.Equal(ArchitectureCatalog.Parse(text), architecture);
    }

    [Fact]
    public void Parse_Text_ReadsEveryNumber()
    {
        var architecture = Assert.IsType<ConvNetArchitecture>(ArchitectureCatalog.Parse("convnet(3x32x32;24-48;8)"));
        Assert.Equal((3, 32, 8), (architecture.InputShape[0], architecture.InputShape[1], architecture.OutputCount));
        Assert.Equal([24, 48], architecture.Widths);
    }

    [Theory]
    [InlineData("")]
    [InlineData("convnet")]
    [InlineData("convnet(")]
    [InlineData("convnet()")]
    [InlineData("mlp(3;4)")]
    [InlineData("convnet(3x32x32;24-48)")]
    [InlineData("convnet(3x32x32;24-48;8;1)")]
    [InlineData("convnet(3x32x31;24-48;8)")]
    [InlineData("convnet(3x32;24-48;8)")]
    [InlineData("convnet(3x32x32;;8)")]
    [InlineData("convnet(3x32x32;24-;8)")]
    [InlineData("convnet(3xAx32;24;8)")]
    [InlineData("convnet(3x32x32;24;8")]
    [InlineData("convnet(3x32x32;24;8) ")]
    [InlineData("convnet(3x32x32; 24;8)")]
    [InlineData("convnet(3x32x32;-24;8)")]
    [InlineData("convnet(3x32x32;0;8)")]
    [InlineData("convnet(3x32x32;24;0)")]
    [InlineData("convnet(3x32x32;5000;8)")]
    [InlineData("convnet(3x32x32;99999999999;8)")]
    public void Parse_BadText_IsNamedInTheError(string text)
    {
        var error = Assert.Throws<FormatException>(() => ArchitectureCatalog.Parse(text));
        Assert.Contains($"'{text}'", error.Message, StringComparison.Ordinal);
    }
}
