using Dmkd.Core.Modalities;
using Dmkd.Core.Models;
using Dmkd.Core.Training;

namespace Dmkd.Core.Tests.Modalities.Images;

public sealed class ImageModalityTests
{
    private static readonly IModality Images = ModalityCatalog.All.Find("images");

    [Theory]
    [InlineData("classes", false, 5)]
    [InlineData("classes", true, 5)]
    [InlineData("rotations", false, 20)]
    [InlineData("rotations", true, 21)]
    public void OutputCount_FiveClasses_IsThatOfTheLabelSpace(string labels, bool hasUnknown, int outputs)
    {
        Assert.Equal(outputs, Images.OutputCount(labels, 5, hasUnknown));
        if (labels == Images.ExpertLabels)
            Assert.Equal(outputs, Images.LabelsOf(labels, outputs, allViews: true).OutputCount(5));
    }

    [Fact]
    public void LabelsOf_PlainLabels_AreOneOutputAClass() =>
        Assert.IsType<PlainLabels>(Images.LabelsOf(ModuleSignature.PlainLabels, 5, allViews: true));

    [Fact]
    public void LabelsOf_UnknownLabelSpace_IsRefusedWithThoseThereAre()
    {
        var error = Assert.Throws<ArgumentException>(() => Images.LabelsOf("tokens", 5, allViews: true));
        Assert.Contains("there are: classes, rotations", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, false)]
    [InlineData(4, true)]
    [InlineData(8, true)]
    public void ViewsProblem_Views_AreThoseOfRotationsAndMirrorImages(int views, bool fits) =>
        Assert.Equal(fits, Images.ViewsProblem(views) is null);
}
