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
        Assert.DoesNotContain("(Parameter", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("correct format", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Theory]
    [InlineData(
        "mlp(3x999999x999999;1;10)",
        "is no mlp: The input's height and width must be in [4, 1024], not 999999."
    )]
    [InlineData(
        "convnet(3x32x32;32;)",
        "is no convnet: A number is missing. Expected, for example, convnet(3x32x32;24"
    )]
    [InlineData("convnet(3x32x32;32;99999999999)", "is no convnet: 99999999999 is too large.")]
    [InlineData("convnet(3x32x32;32;x)", "is no convnet: 'x' is no whole number.")]
    [InlineData("convnet(3x32x32;0;8)", "is no convnet: The width of a layer must be in [1, 4096], not 0.")]
    [InlineData("vit(5;3x32x32;192;64;3-3;768-768;10)", "the input's size by the patch size must be 0, not 2.")]
    [InlineData("conv(3x32x32;24;8)", "Unknown architecture family 'conv'")]
    [InlineData("convnets(3x32x32;24;8)", "Did you mean convnet?")]
    public void Parse_BadText_SaysWhatIsWrong(string text, string expected) =>
        Assert.Contains(
            expected,
            Assert.Throws<FormatException>(() => ArchitectureCatalog.Parse(text)).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void Named_NearlyRight_AsksAfterTheName() =>
        Assert.EndsWith(
            " Did you mean resnet20?",
            ArchitectureCatalog.Usual.ProblemOf("resnet21"),
            StringComparison.Ordinal
        );
}
