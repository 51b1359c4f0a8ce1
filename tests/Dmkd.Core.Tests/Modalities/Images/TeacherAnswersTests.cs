using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Tests.Preservation;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Modalities.Images;

public sealed class TeacherAnswersTests
{
    private const int Count = 7;

    [Fact]
    public void Of_Mirrored_AnswersTheImagesAndTheirMirrorImages()
    {
        using var scope = NewDisposeScope();
        using var network = PlantedNetwork.Build();
        network.eval();
        var pixels = Pixels();
        var answers = Of(network.forward, pixels, mirrored: true, batchSize: 3);
        Assert.Equal((2, Count, 4), (answers.Views, answers.Images, answers.Outputs));
        using var noGrad = no_grad();
        var plain = network.forward(InputNormalisation.Standard.Apply(pixels));
        var mirrored = network.forward(InputNormalisation.Standard.Apply(pixels.flip(3)));
        Assert.True(
            (plain - mirrored).abs().max().item<float>() > 1e-3,
            "the teacher must tell an image from its mirror image"
        );
        TensorAssert.Close(stack([plain, mirrored]), answers.ToTensor(), 1e-5); // fp32; batches sum in another order
    }

    [Fact]
    public void Of_NotMirrored_HasOneView()
    {
        using var scope = NewDisposeScope();
        var both = Of(FirstPixels, Pixels(), mirrored: true);
        var one = Of(FirstPixels, Pixels(), mirrored: false);
        Assert.Equal(1, one.Views);
        TensorAssert.Identical(both.ToTensor().narrow(0, 0, 1), one.ToTensor());
    }

    [Fact]
    public void LogitsOf_ImageAndView_IsItsRow()
    {
        using var scope = NewDisposeScope();
        var answers = Of(FirstPixels, Pixels(), mirrored: true);
        for (int view = 0; view < 2; view++)
        {
            for (int image = 0; image < Count; image++)
                TensorAssert.Identical(
                    answers.ToTensor()[view, image],
                    tensor(answers.LogitsOf(image, view).ToArray())
                );
        }
    }

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(Count, 0)]
    [InlineData(0, 2)]
    [InlineData(0, -1)]
    public void LogitsOf_NoSuchImageOrView_Throws(int image, int view)
    {
        using var pixels = Pixels();
        var answers = Of(FirstPixels, pixels, mirrored: true);
        Assert.Throws<ArgumentOutOfRangeException>(() => answers.LogitsOf(image, view).Length);
    }

    [Fact]
    public void Of_Progress_RisesToOne()
    {
        using var pixels = Pixels();
        List<double> told = [];
        TeacherAnswers.Of(
            FirstPixels,
            pixels,
            InputNormalisation.None,
            true,
            4,
            told.Add,
            TestContext.Current.CancellationToken
        );
        Assert.Equal([2.0 / Count, 0.5, 0.5 + 2.0 / Count, 1], told, (a, b) => Math.Abs(a - b) < 1e-12);
    }

    [Fact]
    public void Of_Cancelled_Throws()
    {
        using var pixels = Pixels();
        using var source = new CancellationTokenSource();
        int calls = 0;
        Assert.Throws<OperationCanceledException>(() =>
            TeacherAnswers.Of(
                FirstPixels,
                pixels,
                InputNormalisation.None,
                true,
                2,
                _ =>
                {
                    calls++;
                    source.Cancel();
                },
                source.Token
            )
        );
        Assert.Equal(1, calls);
    }

    [Fact]
    public void Of_NoImageOrNoBatch_Throws()
    {
        using var pixels = Pixels();
        using var none = pixels.narrow(0, 0, 0);
        Assert.Throws<ArgumentOutOfRangeException>("pixels", () => Of(FirstPixels, none, mirrored: false));
        Assert.Throws<ArgumentOutOfRangeException>(
            "batchSize",
            () => Of(FirstPixels, pixels, mirrored: false, batchSize: 0)
        );
    }

    [Fact]
    public void Of_LeavesItsPixelsAndNoTensor()
    {
        using var scope = NewDisposeScope();
        using var network = PlantedNetwork.Build();
        network.eval();
        var pixels = Pixels();
        var before = pixels.clone();
        LeakTests.AssertNoLeak(() => Of(network.forward, pixels, mirrored: true, batchSize: 3));
        TensorAssert.Identical(before, pixels);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Concat_PartsOfASet_IsTheAnswersToTheWhole(bool mirrored)
    {
        using var scope = NewDisposeScope();
        var pixels = Pixels();
        var joined = TeacherAnswers.Concat([
            Of(FirstPixels, pixels.narrow(0, 0, 3), mirrored),
            Of(FirstPixels, pixels.narrow(0, 3, 1), mirrored),
            Of(FirstPixels, pixels.narrow(0, 4, 3), mirrored),
        ]);
        TensorAssert.Identical(Of(FirstPixels, pixels, mirrored).ToTensor(), joined.ToTensor());
    }

    [Fact]
    public void Concat_NoPartsOrUnequalOnes_Throws()
    {
        using var pixels = Pixels();
        var one = Of(FirstPixels, pixels, mirrored: false);
        Assert.Throws<ArgumentOutOfRangeException>(() => TeacherAnswers.Concat([]));
        Assert.Contains(
            "1 views and 3 outputs",
            Assert
                .Throws<ArgumentException>(() => TeacherAnswers.Concat([one, Of(FirstPixels, pixels, mirrored: true)]))
                .Message,
            StringComparison.Ordinal
        );
        Assert.Throws<ArgumentException>(() =>
            TeacherAnswers.Concat([one, Of(images => images.flatten(1).narrow(1, 0, 2), pixels, mirrored: false)])
        );
    }

    [Fact]
    public void Select_Images_KeepsTheirAnswersOfBothViewsInTheOrderAsked()
    {
        using var scope = NewDisposeScope();
        var answers = Of(FirstPixels, Pixels(), mirrored: true);
        var chosen = answers.Select([4, 0, 6, 4]);
        Assert.Equal((2, 4, 3), (chosen.Views, chosen.Images, chosen.Outputs));
        TensorAssert.Identical(
            answers.ToTensor().index_select(1, tensor(new long[] { 4, 0, 6, 4 })),
            chosen.ToTensor()
        );
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(Count)]
    public void Select_NoSuchImage_Throws(int image)
    {
        using var pixels = Pixels();
        var answers = Of(FirstPixels, pixels, mirrored: false);
        Assert.Throws<ArgumentOutOfRangeException>(() => answers.Select([0, image]));
    }

    [Theory]
    [InlineData(new[] { 0, 1, 2 }, new[] { 0, 1, 2 }, 0.75)] // outputs 2, 2, 0 and 1 are largest
    [InlineData(new[] { 0, 1 }, new[] { 0, 1 }, 0.75)] // among the first two outputs: 0, 1, 0, 1
    [InlineData(new[] { 1, 2 }, new[] { 1, 2 }, 0.5)] // 2, 2, 1, 1: class 0 cannot be answered
    [InlineData(new[] { 2, 0 }, new[] { 0, 1 }, 0.5)] // outputs 2, 2, 0, 0 are classes 0, 0, 1, 1
    public void Accuracy_SomeOutputs_IsTheShareOfRightAnswersAmongThem(int[] outputs, int[] classes, double expected) =>
        Assert.Equal(expected, ByHand().Accuracy([0, 2, 0, 1], [0, 1, 2, 3], outputs, classes));

    [Fact]
    public void Accuracy_SomeImages_CountsOnlyThose()
    {
        Assert.Equal(0.5, ByHand().Accuracy([0, 2, 0, 1], [3, 0], [0, 1, 2], [0, 1, 2]));
        Assert.Equal(0, ByHand().Accuracy([0, 2, 0, 1], [], [0, 1, 2], [0, 1, 2]));
    }

    [Fact]
    public void Accuracy_NoOutputsOrNotAClassForEach_Throws()
    {
        var answers = ByHand();
        Assert.Throws<ArgumentOutOfRangeException>("outputs", () => answers.Accuracy([0, 1, 2, 0], [0], [], []));
        Assert.Throws<ArgumentOutOfRangeException>(() => answers.Accuracy([0, 1, 2, 0], [0], [0, 1], [0]));
        Assert.Throws<ArgumentOutOfRangeException>(() => answers.Accuracy([0, 1, 2, 0], [4], [0, 1], [0, 1]));
    }

    /// <summary>A teacher whose answer is the first three pixels: exact, whatever the batches.</summary>
    private static Tensor FirstPixels(Tensor images) => images.flatten(1).narrow(1, 0, 3);

    // Logits of four images; the labels of the tests are 0, 2, 0, 1.
    private static TeacherAnswers ByHand()
    {
        using var pixels = zeros([4, 1, 2, 2], uint8);
        return Of(
            _ =>
                tensor(
                    new float[,]
                    {
                        { 2, 1, 3 },
                        { -1, 1, 4 },
                        { 5, 0, -2 },
                        { 1, 2, -7 },
                    }
                ),
            pixels,
            mirrored: false
        );
    }

    private static TeacherAnswers Of(Func<Tensor, Tensor> teacher, Tensor pixels, bool mirrored, int batchSize = 250) =>
        TeacherAnswers.Of(
            teacher,
            pixels,
            InputNormalisation.Standard,
            mirrored,
            batchSize,
            null,
            TestContext.Current.CancellationToken
        );

    private static Tensor Pixels()
    {
        using var generator = new Generator(3);
        return randint(0, 256, [Count, 2, 8, 8], ScalarType.Byte, generator: generator);
    }
}
