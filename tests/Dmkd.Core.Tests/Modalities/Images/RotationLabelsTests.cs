using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Tests.Preservation;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Modalities.Images;

public sealed class RotationLabelsTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ClassScores_HeadThatKnowsTheUnknown_AreRelativeToIt(bool isCentred)
    {
        using var scope = NewDisposeScope();
        var logits = tensor(
            new[,]
            {
                { 1f, 2f, 3f, 4f, 5f, 6f, 7f, 8f, 1.5f },
            }
        ); // two classes, four rotations, unknown
        Assert.True(
            Same(
                tensor(
                    new[,]
                    {
                        { 2.5f, 3.5f },
                    }
                ),
                RotationLabels.ClassScores(_ => logits.clone(), zeros(1, 1, 2, 2), isCentred: isCentred)
            )
        );
    }

    [Fact]
    public void AddUnknown_FiveImages_AddsTwoDestroyedOnes()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        // nine: the last row and column belong to no block
        var images = arange(5 * 2 * 81, dtype: ScalarType.Float32).reshape(5, 2, 9, 9);
        var (all, labels) = RotationLabels.AddUnknown(images, tensor(new long[] { 0, 1, 2, 3, 0 }), 8, generator);
        Assert.Equal([0, 1, 2, 3, 0, 8, 8], labels.data<long>().ToArray());
        Assert.True(Same(all.narrow(0, 0, 5), images));
        var destroyed = all.narrow(0, 5, 2);
        var sources = images.narrow(0, 0, 2);
        // each channel has the same pixels
        Assert.True(Same(destroyed.reshape(4, 81).sort(1).Values, sources.reshape(4, 81).sort(1).Values));
        Assert.False(Same(destroyed, sources));
        Assert.True(Same(destroyed.select(3, 8), sources.select(3, 8)));
        Assert.True(Same(destroyed.select(1, 0) + 81, destroyed.select(1, 1))); // channels move together
    }

    [Fact]
    public void TurnQuarters_FourImages_AreTurnedAndLabelledOneQuarterEach()
    {
        using var scope = NewDisposeScope();
        var image = tensor(
                new[,]
                {
                    { 1f, 2f },
                    { 3f, 4f },
                }
            )
            .view(1, 1, 2, 2);
        var (images, labels) = RotationLabels.TurnQuarters(
            image.expand(4, 1, 2, 2),
            tensor(new long[] { 2, 0, 1, 2 }),
            classCount: 3
        );
        Assert.Equal([2L, 0 + 3, 1 + 6, 2 + 9], labels.data<long>().ToArray());
        float[] expected =
        [
            1,
            2,
            3,
            4, // upright
            2,
            4,
            1,
            3, // a quarter turn against the clock
            4,
            3,
            2,
            1,
            3,
            1,
            4,
            2,
        ];
        Assert.Equal(expected, images.data<float>().ToArray());
    }

    [Fact]
    public void TurnAll_TwoImages_AreShownInEveryRotationUprightFirst()
    {
        using var scope = NewDisposeScope();
        var pair = tensor(
                new[,]
                {
                    { 1f, 2f, 3f, 4f },
                    { 5f, 6f, 7f, 8f },
                }
            )
            .view(2, 1, 2, 2);
        var (images, labels) = RotationLabels.TurnAll(pair, tensor(new long[] { 2, 0 }), classCount: 3);
        Assert.Equal([2L, 0, 2 + 3, 0 + 3, 2 + 6, 0 + 6, 2 + 9, 0 + 9], labels.data<long>().ToArray());
        Assert.Equal(
            [1, 2, 3, 4, 5, 6, 7, 8, 2, 4, 1, 3, 6, 8, 5, 7, 4, 3, 2, 1, 8, 7, 6, 5, 3, 1, 4, 2, 7, 5, 8, 6],
            images.data<float>().ToArray()
        );
    }

    [Theory]
    [InlineData(1, new long[] { 0 })]
    [InlineData(6, new long[] { 0, 0, 1, 1, 2, 3 })] // the first parts are the larger ones
    [InlineData(8, new long[] { 0, 0, 1, 1, 2, 2, 3, 3 })]
    public void TurnQuarters_AnyBatch_IsCutIntoQuartersInOrder(int batch, long[] rotations)
    {
        using var scope = NewDisposeScope();
        var (images, labels) = RotationLabels.TurnQuarters(
            zeros(batch, 1, 2, 2),
            zeros(batch, dtype: ScalarType.Int64),
            classCount: 1
        );
        Assert.Equal(rotations, labels.data<long>().ToArray());
        Assert.Equal(batch, images.shape[0]);
    }

    [Fact]
    public void ClassScores_LinearNetwork_AreTheMeanCentredLogitsOverFourViews()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        const int Classes = 2,
            Pixels = 4;
        var weight = randn([4 * Classes, Pixels], float64, generator: generator);
        var image = tensor(new double[] { 1, 2, 3, 4 }).view(1, 1, 2, 2);
        double[][] views =
        [
            [1, 2, 3, 4],
            [2, 4, 1, 3],
            [4, 3, 2, 1],
            [3, 1, 4, 2],
        ];

        double[] expected = new double[Classes];
        for (int rotation = 0; rotation < 4; rotation++)
        {
            double[] logits =
            [
                .. Enumerable
                    .Range(0, 4 * Classes)
                    .Select(output =>
                        Enumerable.Range(0, Pixels).Sum(p => weight[output, p].item<double>() * views[rotation][p])
                    ),
            ];
            for (int c = 0; c < Classes; c++)
                expected[c] += (logits[c + Classes * rotation] - logits.Average()) / 4;
        }

        var scores = RotationLabels.ClassScores(images => images.reshape(1, Pixels).mm(weight.t()), image);
        Assert.Equal([1, Classes], scores.shape);
        double[] actual = scores.data<double>().ToArray();
        for (int c = 0; c < Classes; c++)
            Assert.Equal(expected[c], actual[c], 1e-12); // doubles, another order of summation
    }

    [Fact]
    public void ClassScores_LogitsOfAnotherLevel_AreTheSame()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        var logits = randn([3, 8], float64, generator: generator);
        var images = zeros(3, 1, 2, 2);
        TensorAssertClose(
            RotationLabels.ClassScores(_ => logits.clone(), images),
            RotationLabels.ClassScores(_ => logits + 100, images)
        );
    }

    [Fact]
    public void Methods_LeakNoTensor()
    {
        using var scope = NewDisposeScope();
        var images = zeros(8, 1, 2, 2);
        var labels = zeros(8, dtype: ScalarType.Int64);
        LeakTests.AssertNoLeak(() =>
        {
            var (turned, shifted) = RotationLabels.TurnQuarters(images, labels, 2);
            turned.Dispose();
            shifted.Dispose();
            RotationLabels.ClassScores(view => ones(view.shape[0], 8), images).Dispose();
        });
    }

    private static bool Same(Tensor one, Tensor other) => one.eq(other).all().item<bool>();

    private static void TensorAssertClose(Tensor expected, Tensor actual) =>
        Assert.True((expected - actual).abs().max().item<double>() < 1e-12); // rounding at level 100
}
