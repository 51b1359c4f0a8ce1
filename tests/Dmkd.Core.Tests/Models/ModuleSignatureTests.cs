using Dmkd.Core.Modalities;
using Dmkd.Core.Models;

namespace Dmkd.Core.Tests.Models;

public sealed class ModuleSignatureTests
{
    [Theory]
    [InlineData("images(pixels:uint8[-1,3,32,32])classes")]
    [InlineData("text(tokens:int64[-1,64];mask:bool[-1,64])classes")]
    public void Parse_WrittenText_IsTheSameAgain(string text)
    {
        var signature = ModuleSignature.Parse(text);
        Assert.Equal(text, signature.ToString());
        Assert.Equal(signature, ModuleSignature.Parse(text));
    }

    [Fact]
    public void Parse_TwoInputs_HaveNamesTypesAndShapes()
    {
        var signature = ModuleSignature.Parse("text(tokens:int64[-1,64];mask:bool[-1,8])classes");
        Assert.Equal(("text", "classes", 2), (signature.Modality, signature.LabelSpace, signature.Inputs.Count));
        Assert.Equal(new TensorSignature("mask", "bool", [-1, 8]), signature.Inputs[1]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("images")]
    [InlineData("images()classes")]
    [InlineData("images(pixels:uint8[-1,3])")]
    [InlineData("images(pixels:uint8[-1,three])classes")]
    [InlineData("(pixels:uint8[-1,3])classes")]
    public void Parse_MalformedText_IsRefused(string text) =>
        Assert.Throws<FormatException>(() => ModuleSignature.Parse(text));

    [Theory]
    [InlineData("pixels", "uint8", 7, 3, true)]
    [InlineData("pixels", "uint8", 7, 1, false)]
    [InlineData("pixels", "float32", 7, 3, false)]
    [InlineData("tokens", "uint8", 7, 3, false)]
    public void Takes_Tensor_ComparesAllButFreeLengths(string name, string type, int count, int channels, bool takes)
    {
        var signature = new TensorSignature("pixels", "uint8", [TensorSignature.Free, 3, 32, 32]);
        Assert.Equal(takes, signature.Takes(new TensorSignature(name, type, [count, channels, 32, 32])));
    }

    [Theory]
    [InlineData("convnet(3x32x32;16-32-64-64;8)", "3x32x32")]
    [InlineData("mlp(1x28x28;64;10)", "1x28x28")]
    public void SignatureOf_Architecture_TakesInputsOfItsShape(string architecture, string shape)
    {
        var signature = ModalityCatalog.SignatureOf(architecture, ModuleSignature.PlainLabels);
        Assert.Equal(("images", shape), (signature.Modality, signature.Input.InputShape.ToString()));
        Assert.Equal(ArchitectureCatalog.Parse(architecture).InputShape, signature.Input.InputShape);
    }
}
