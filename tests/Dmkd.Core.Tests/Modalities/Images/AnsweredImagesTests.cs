using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Models;
using Dmkd.Core.Tensors;
using Dmkd.Core.Tests.Preservation;
using Dmkd.Core.Training;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Modalities.Images;

/// <summary>Distillation from answers that the teacher gave before.</summary>
public sealed class AnsweredImagesTests
{
    private const int Size = 16;
    private static readonly int[] Outputs = [0, 1];
    private static readonly TrainingOptions Options = TrainingOptions.Distillation with { Epochs = 2, BatchSize = 16 };

    // Slopes are told by their direction alone, which a mirror image turns round and a shift does not: answers to the
    // wrong view would contradict each other and leave the student where it was.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Run_Slopes_BringsTheStudentToTheTeacher(bool mirrored)
    {
        using var scope = NewDisposeScope();
        using var student = Student();
        var pixels = Slopes(64);
        double before = Divergence(student, pixels);
        double loss = Run(
            student,
            pixels,
            Answers(pixels, mirrored),
            Options with
            {
                Epochs = 15,
                LearningRate = 1e-2,
            }
        );
        double after = Divergence(student, pixels);
        Assert.True(after < before / 4, $"from {before} to {after}");
        Assert.True(loss < before / 4, $"from {before} to {loss} as trained");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Run_SameSeed_IsBitEqual(bool mirrored)
    {
        using var first = Trained(Options, mirrored);
        using var second = Trained(Options, mirrored);
        TensorAssert.Identical(first, second);
    }

    [Fact]
    public void Run_Mirrored_TrainsOnOtherImages()
    {
        using var scope = NewDisposeScope();
        using var plain = Trained(Options, mirrored: false);
        using var mirrored = Trained(Options, mirrored: true);
        Assert.True((plain["conv1.weight"] - mirrored["conv1.weight"]).abs().max().item<float>() > 0);
    }

    [Fact]
    public void Run_Progress_RisesToOne()
    {
        using var scope = NewDisposeScope();
        using var student = Student();
        var pixels = Slopes(33);
        List<double> told = [];
        Run(student, pixels, Answers(pixels, mirrored: true), Options, told.Add);
        Assert.Equal([0.25, 0.5, 0.75, 1], told); // two epochs of two batches; the rest of one image is left out
    }

    [Fact]
    public void Run_PixelsAnswersAndMode_AreLeftAsTheyWere()
    {
        using var scope = NewDisposeScope();
        using var student = Student();
        student.eval();
        var pixels = Slopes(33);
        var before = pixels.clone();
        var answers = Answers(pixels, mirrored: true);
        var saidBefore = answers.ToTensor();
        Run(student, pixels, answers, Options);
        TensorAssert.Identical(before, pixels);
        TensorAssert.Identical(saidBefore, answers.ToTensor());
        Assert.False(student.training);
    }

    [Fact]
    public void Run_Anneal_ChangesTheResult()
    {
        using var scope = NewDisposeScope();
        using var constant = Trained(Options, mirrored: false);
        using var annealed = Trained(Options with { Anneal = true }, mirrored: false);
        Assert.True((constant["conv1.weight"] - annealed["conv1.weight"]).abs().max().item<float>() > 0);
    }

    [Fact]
    public void Run_Anneal_BeginsAtTheFullRateAndHardlyMovesAtTheEnd()
    {
        double[] moves = Moves(anneal: true),
            constant = Moves(anneal: false);
        Assert.Equal(32, moves.Length);
        Assert.Equal(constant[0], moves[0]);
        // The last of 32 steps has (1 + cos(31π/32)) / 2 = 0.0024 of the rate; Adam's steps are about the rate,
        // whatever the gradient.
        Assert.True(moves[^1] < 0.01 * moves[0], $"{moves[^1]} after {moves[0]}");
        Assert.True(constant[^1] > 0.1 * constant[0], $"{constant[^1]} after {constant[0]} without annealing");
    }

    [Fact]
    public void Run_Cancelled_Throws()
    {
        using var scope = NewDisposeScope();
        using var student = Student();
        using var generator = Seeded();
        using var source = new CancellationTokenSource();
        var pixels = Slopes(64);
        var answers = Answers(pixels, mirrored: false);
        using var images = new AnsweredImages(pixels, answers, Outputs, InputNormalisation.Standard);
        Assert.Throws<OperationCanceledException>(() =>
            Trainer.Run(
                student,
                images,
                new SoftLabels(Outputs),
                Options,
                generator,
                _ => source.Cancel(),
                source.Token
            )
        );
    }

    [Fact]
    public void Run_AnswersToOtherImages_ThrowsNamingBothNumbers()
    {
        using var scope = NewDisposeScope();
        using var student = Student();
        var answers = Answers(Slopes(5), mirrored: false);
        string message = Assert
            .Throws<ArgumentOutOfRangeException>("answers", () => Run(student, Slopes(9), answers, Options))
            .Message;
        Assert.Contains("'5'", message, StringComparison.Ordinal);
        Assert.Contains("'9'", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_OneImage_Throws()
    {
        using var scope = NewDisposeScope();
        using var student = Student();
        var pixels = Slopes(1);
        Assert.Throws<ArgumentOutOfRangeException>(
            "pixels",
            () => Run(student, pixels, Answers(pixels, mirrored: false), Options)
        );
    }

    [Theory]
    [InlineData(new[] { 0, 2 }, "'2'")] // the teacher has two
    [InlineData(new[] { -1, 1 }, "'-1'")]
    [InlineData(new int[0], "'0'")]
    public void Constructor_OutputsThatTheTeacherLacks_ThrowsNamingTheValue(int[] outputs, string value)
    {
        using var scope = NewDisposeScope();
        var pixels = Slopes(4);
        var answers = Answers(pixels, mirrored: false);
        var error = Assert.Throws<ArgumentOutOfRangeException>(
            nameof(outputs),
            () => new AnsweredImages(pixels, answers, outputs, InputNormalisation.Standard)
        );
        Assert.Contains(value, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Run_LeaksNoTensor(bool mirrored)
    {
        using var scope = NewDisposeScope();
        using var student = Student();
        var pixels = Slopes(33);
        var answers = Answers(pixels, mirrored);
        LeakTests.AssertNoLeak(() => Run(student, pixels, answers, Options));
    }

    private static double Run(
        Network student,
        Tensor pixels,
        TeacherAnswers answers,
        TrainingOptions options,
        Action<double>? progress = null
    )
    {
        using var generator = Seeded();
        using var images = new AnsweredImages(pixels, answers, Outputs, InputNormalisation.Standard);
        return Trainer
            .Run(
                student,
                images,
                new SoftLabels(Outputs),
                options,
                generator,
                progress,
                TestContext.Current.CancellationToken
            )
            .MeanLoss;
    }

    private static WeightSet Trained(TrainingOptions options, bool mirrored)
    {
        using var scope = NewDisposeScope();
        using var student = Student();
        var pixels = Slopes(64);
        Run(student, pixels, Answers(pixels, mirrored), options);
        return WeightSet.CopyOf(student);
    }

    /// <summary>By how much each of 32 steps moves the parameter that it moves most.</summary>
    private static double[] Moves(bool anneal)
    {
        using var scope = NewDisposeScope();
        using var student = Student();
        var pixels = Slopes(64);
        float[] before = Parameters(student);
        List<double> moves = [];
        Run(
            student,
            pixels,
            Answers(pixels, mirrored: false),
            Options with
            {
                Epochs = 8,
                Anneal = anneal,
            },
            _ =>
            {
                float[] after = Parameters(student);
                moves.Add(after.Zip(before, (now, then) => Math.Abs(now - then)).Max());
                before = after;
            }
        );
        return [.. moves];
    }

    private static float[] Parameters(Network network) => [.. network.parameters().SelectMany(TensorMemory.ToArray)];

    private static double Divergence(Network student, Tensor pixels)
    {
        using var noGrad = no_grad();
        student.eval();
        var inputs = InputNormalisation.Standard.Apply(pixels);
        return DistillationLoss.Compute(student.forward(inputs).narrow(1, 0, 2), Slope(inputs)).item<float>();
    }

    private static TeacherAnswers Answers(Tensor pixels, bool mirrored) =>
        TeacherAnswers.Of(
            Slope,
            pixels,
            InputNormalisation.Standard,
            mirrored,
            250,
            null,
            TestContext.Current.CancellationToken
        );

    /// <summary>
    /// The teacher: of most neighbours in a row, is the right one brighter (output 0) or the left one (output 1)?
    /// </summary>
    private static Tensor Slope(Tensor images)
    {
        var rises = (images.narrow(3, 1, Size - 1) - images.narrow(3, 0, Size - 1)).sign().mean([1, 2, 3]);
        return stack([4 * rises, -4 * rises], 1);
    }

    // Rows of 0, 60, 120, 180, 0, ..., begun anywhere, every other image mirrored, and a little noise.
    private static Tensor Slopes(int count)
    {
        using var scope = NewDisposeScope();
        using var generator = Seeded();
        var phases = randint(0, 4, [count, 1, 1, 1], int64, generator: generator);
        var images = (arange(Size, dtype: int64) + phases).remainder(4).expand(count, 1, Size, Size) * 60;
        images = where((arange(count, dtype: int64) % 2).eq(0).view(-1, 1, 1, 1), images, images.flip(3));
        return (images + randint(0, 20, [count, 1, Size, Size], int64, generator: generator))
            .to(uint8)
            .MoveToOuterDisposeScope();
    }

    private static Network Student()
    {
        using var generator = new Generator(8);
        return new ConvNetArchitecture(1, Size, [8, 8], 3).Build(generator);
    }

    private static Generator Seeded() => new(7);
}
