using Dmkd.Core.Training;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Training;

public sealed class DistillationLossTests
{
    [Fact]
    public void Compute_EqualLogits_IsZero()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        var logits = randn([8, 5], generator: generator);
        // a shift changes no distribution; fp32
        Assert.Equal(0, DistillationLoss.Compute(logits, logits + 3).item<float>(), 1e-6);
    }

    [Fact]
    public void Compute_ByHand_IsTheBatchMeanOfTheDivergenceFromTheTeacher()
    {
        using var scope = NewDisposeScope();
        // Teacher (3/4, 1/4) against student (1/2, 1/2), and equal distributions in the second row.
        var teacher = tensor(
            new[,]
            {
                { Math.Log(3), 0 },
                { 1, 2 },
            }
        );
        var student = tensor(
            new[,]
            {
                { 5.0, 5 },
                { 0, 1 },
            }
        );
        double expected = (0.75 * Math.Log(1.5) + 0.25 * Math.Log(0.5)) / 2;
        Assert.Equal(expected, DistillationLoss.Compute(student, teacher).item<double>(), 1e-12);
    }

    [Fact]
    public void Compute_Temperature_IsTheSoftenedDivergenceTimesItsSquare()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        var (student, teacher) = (
            randn([4, 3], float64, generator: generator),
            randn([4, 3], float64, generator: generator)
        );
        double expected = 9 * DistillationLoss.Compute(student / 3, teacher / 3).item<double>();
        Assert.Equal(expected, DistillationLoss.Compute(student, teacher, 3).item<double>(), 1e-12);
    }

    [Fact]
    public void Compute_Backward_ReachesOnlyTheStudent()
    {
        using var scope = NewDisposeScope();
        var student = tensor(
            new[,]
            {
                { 0.0, 0 },
            },
            requires_grad: true
        );
        var teacher = tensor(
            new[,]
            {
                { Math.Log(3), 0 },
            },
            requires_grad: true
        );
        DistillationLoss.Compute(student, teacher).backward();
        Assert.Equal(-0.25, student.grad![0, 0].item<double>(), 1e-12); // p_k - p_old
        Assert.Null(teacher.grad);
    }

    [Fact]
    public void Compute_OtherClasses_Throws()
    {
        using var scope = NewDisposeScope();
        Assert.Throws<ArgumentException>(() => DistillationLoss.Compute(zeros(2, 3), zeros(2, 4)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void Compute_TemperatureNotPositive_Throws(double temperature)
    {
        using var scope = NewDisposeScope();
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            DistillationLoss.Compute(zeros(2, 3), zeros(2, 3), temperature)
        );
    }
}
