using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Models;
using Dmkd.Core.Tensors;
using Dmkd.Core.Tests.Preservation;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Routing;

public sealed class ExpertScorerTests
{
    [Fact]
    public void Score_MoreThanOneChunk_IsTheSameAsImageByImage()
    {
        using var scope = NewDisposeScope();
        using var network = Network();
        var pixels = Pixels(300);
        var all = ExpertScorer.Score(network, pixels, rotationLabelled: true);
        Assert.Equal([300, 2], all.shape);
        foreach (long i in new long[] { 0, 255, 256, 299 })
            TensorAssert.Close(
                all.narrow(0, i, 1),
                ExpertScorer.Score(network, pixels.narrow(0, i, 1), rotationLabelled: true),
                1e-5
            ); // fp32; batches sum in another order
    }

    [Fact]
    public void Score_NotRotationLabelled_IsTheNetworksLogits()
    {
        using var scope = NewDisposeScope();
        using var network = Network();
        var pixels = Pixels(4);
        using var noGrad = no_grad();
        TensorAssert.Identical(
            network.forward(ImageTensors.Normalise(pixels)),
            ExpertScorer.Score(network, pixels, rotationLabelled: false)
        );
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(1, false)]
    [InlineData(4, false)]
    [InlineData(8, true)]
    public void Score_ViewsAndCentring_AreMeansOverTheViewsShown(int views, bool isCentred)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var network = Network();
        var pixels = Pixels(3);
        var expected = zeros(3, 2);
        for (int view = 0; view < views; view++)
        {
            int r = view % 4;
            var images = ImageTensors.Normalise(pixels);
            var logits = network.forward((view < 4 ? images : images.flip(3)).rot90(r, (2, 3)));
            expected +=
                (logits.narrow(1, 2 * r, 2) - (isCentred ? logits.mean([1], keepdim: true) : zeros(3, 1))) / views;
        }

        TensorAssert.Close(
            expected,
            ExpertScorer.Score(network, pixels, rotationLabelled: true, views: views, isCentred: isCentred),
            1e-6
        ); // fp32 sums in another order
    }

    [Fact]
    public void ToArray_Scores_AreRowMajor()
    {
        using var scores = tensor(
            new[,]
            {
                { 1f, 2f, 3f },
                { 4f, 5f, 6f },
            }
        );
        using var turned = scores.t();
        Assert.Equal([1f, 4f, 2f, 5f, 3f, 6f], TensorMemory.ToArray(turned));
    }

    [Fact]
    public void Score_LeaksNoTensorAndNeedsNoGradient()
    {
        using var scope = NewDisposeScope();
        using var network = Network();
        var pixels = Pixels(3);
        LeakTests.AssertNoLeak(() =>
        {
            using var scores = ExpertScorer.Score(network, pixels, rotationLabelled: true);
            Assert.False(scores.requires_grad);
            TensorMemory.ToArray(scores);
        });
    }

    private static Network Network()
    {
        using var generator = new Generator(1);
        var network = new ConvNetArchitecture(1, 8, [4, 4], 8).Build(generator);
        network.eval();
        return network;
    }

    private static Tensor Pixels(int count)
    {
        using var generator = new Generator(2);
        return randint(0, 256, [count, 1, 8, 8], ScalarType.Byte, generator: generator);
    }
}
