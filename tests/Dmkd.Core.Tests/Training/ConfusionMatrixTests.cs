using Dmkd.Core.Training;

namespace Dmkd.Core.Tests.Training;

public class ConfusionMatrixTests
{
    [Fact]
    public void Measures_SmallExample_AreTheHandComputedOnes()
    {
        var matrix = Of(3, (0, 0), (0, 0), (0, 1), (1, 1), (1, -1), (2, 0));
        Assert.Equal(3.0 / 6, matrix.Accuracy);
        // Class 0: TP 2, FP 1, FN 1; class 1: TP 1, FP 1, FN 1; class 2: TP 0.
        Assert.Equal((4.0 / 6 + 2.0 / 4 + 0) / 3, matrix.MacroF1, 1e-12);
        Assert.Equal(1, matrix[1, ConfusionMatrix.NoPrediction]);
        Assert.Equal(2, matrix[0, 0]);
    }

    [Fact]
    public void MacroF1_ClassWithoutInputs_IsLeftOut()
    {
        var matrix = Of(3, (0, 0), (1, 2));
        Assert.Equal(0.5, matrix.MacroF1); // classes 0 and 1; class 2 was predicted but never there
    }

    [Fact]
    public void Measures_AllRight_AreOne()
    {
        var matrix = Of(2, (0, 0), (1, 1));
        Assert.Equal((1, 1), (matrix.Accuracy, matrix.MacroF1));
    }

    [Fact]
    public void Measures_NoAnswers_AreRefused()
    {
        Assert.Throws<InvalidOperationException>(() => new ConfusionMatrix(2).Accuracy);
        Assert.Throws<InvalidOperationException>(() => new ConfusionMatrix(2).MacroF1);
    }

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(2, 0)]
    [InlineData(0, 2)]
    [InlineData(0, -2)]
    public void Add_OutOfRange_IsRefused(int actual, int predicted) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new ConfusionMatrix(2).Add(actual, predicted));

    private static ConfusionMatrix Of(int classes, params (int Actual, int Predicted)[] answers)
    {
        var matrix = new ConfusionMatrix(classes);
        foreach (var (actual, predicted) in answers)
            matrix.Add(actual, predicted);
        return matrix;
    }
}
