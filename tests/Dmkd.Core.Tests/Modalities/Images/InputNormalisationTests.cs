using Dmkd.Core.Modalities.Images;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Modalities.Images;

public sealed class InputNormalisationTests
{
    [Theory]
    [InlineData("mean=0.485,0.456,0.406;std=0.229,0.224,0.225")]
    [InlineData(" std = 0.229, 0.224, 0.225 ; mean = 0.485, 0.456, 0.406 ")]
    public void Find_OwnStatistics_NormaliseAsTheNamedOnes(string text)
    {
        using var scope = NewDisposeScope();
        var pixels = arange(192, dtype: ScalarType.Byte).reshape(1, 3, 8, 8);
        var own = InputNormalisation.Find(text);
        Assert.True(own.Apply(pixels).equal(InputNormalisation.ImageNet.Apply(pixels)).all().item<bool>());
        Assert.Equal("mean=0.485,0.456,0.406;std=0.229,0.224,0.225", own.Name);
        Assert.Null(InputNormalisation.Known.ProblemOf(text));
    }

    [Fact]
    public void Find_OneNumber_IsForAllChannels()
    {
        using var scope = NewDisposeScope();
        var pixels = tensor(new byte[] { 0, 255 }).reshape(1, 2, 1, 1);
        var halves = InputNormalisation.Find("mean=0.5;std=0.5");
        Assert.Equal([-1f, 1], halves.Apply(pixels).data<float>().ToArray());
        Assert.Equal(halves.Name, InputNormalisation.Find(halves.Name).Name);
    }

    [Theory]
    [InlineData("fair", "there are: standard, imagenet, cifar10, none")]
    [InlineData("mean=0.5", "needs mean= and std=")]
    [InlineData("mean=0.5;mean=0.5", "needs mean= and std=")]
    [InlineData("mean=0.5;std=0.5;x=1", "needs mean= and std=")]
    [InlineData("mean=0.5;std=0", "deviations must be above 0")]
    [InlineData("mean=0.5;std=-1", "deviations must be above 0")]
    [InlineData("mean=0.5;std=NaN", "'NaN' is no number")]
    [InlineData("mean=a;std=1", "'a' is no number")]
    [InlineData("mean=1e999;std=1", "'1e999' is no number")]
    [InlineData("mean=1,2;std=1,2,3", "has 2 means and 3 deviations")]
    public void Find_Malformed_SaysWhatIsWrong(string text, string problem)
    {
        string message = Assert.Throws<ArgumentException>(() => InputNormalisation.Find(text)).Message;
        Assert.Contains(problem, message, StringComparison.Ordinal);
        Assert.NotNull(InputNormalisation.Known.ProblemOf(text));
    }
}
