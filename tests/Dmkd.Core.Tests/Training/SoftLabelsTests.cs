using Dmkd.Core.Models;
using Dmkd.Core.Tensors;
using Dmkd.Core.Tests.Preservation;
using Dmkd.Core.Training;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Training;

/// <summary>A student learns what its teacher answers (proposal 3.2.4).</summary>
public sealed class SoftLabelsTests
{
    private static readonly int[] TeacherOutputs = [3, 1];
    private static readonly int[] StudentOutputs = [0, 1];
    private static readonly TrainingOptions Options = TrainingOptions.Distillation with { Epochs = 2, BatchSize = 16 };

    [Fact]
    public void Run_RandomInputs_BringsTheStudentToTheTeacher()
    {
        using var scope = NewDisposeScope();
        using var teacher = Teacher();
        using var student = Student();
        var inputs = Inputs(256);
        double before = Divergence(teacher, student, inputs);
        Run(teacher, student, inputs, Options with { Epochs = 20, BatchSize = 32, LearningRate = 1e-2 });
        double after = Divergence(teacher, student, inputs);
        Assert.True(after < before / 10, $"from {before} to {after}");
    }

    [Fact]
    public void Run_SameSeed_IsBitEqual()
    {
        using var first = Trained();
        using var second = Trained();
        TensorAssert.Identical(first, second);
    }

    [Fact]
    public void Run_Teacher_IsLeftAsItWas()
    {
        using var scope = NewDisposeScope();
        using var teacher = Teacher();
        using var student = Student();
        teacher.train();
        student.eval();
        using var before = WeightSet.CopyOf(teacher);
        Run(teacher, student, Inputs(33), Options);
        using var after = WeightSet.CopyOf(teacher);
        TensorAssert.Identical(before, after);
        Assert.True(teacher.training);
        Assert.False(student.training);
        Assert.All(teacher.parameters(), p => Assert.Null(p.grad));
    }

    [Fact]
    public void Run_Progress_RisesToOne()
    {
        using var scope = NewDisposeScope();
        using var teacher = Teacher();
        using var student = Student();
        List<double> told = [];
        Run(teacher, student, Inputs(33), Options, told.Add);
        Assert.Equal([0.25, 0.5, 0.75, 1], told); // two epochs of two batches; the rest of one input is left out
    }

    [Fact]
    public void Run_InputsPreparedByTheBatch_IsAsWithPreparedInputs()
    {
        using var scope = NewDisposeScope();
        using var teacher = Teacher();
        var inputs = Inputs(64);
        using var plain = SoftLabels.Of(teacher, inputs * 2, TeacherOutputs, batchSize: 16);
        using var prepared = SoftLabels.Of(teacher, inputs, TeacherOutputs, batchSize: 16, batch => batch * 2);
        Assert.Equal(plain.data<float>().ToArray(), prepared.data<float>().ToArray());
        Assert.Equal(
            Losses(new TensorData(inputs * 2, plain)),
            Losses(new TensorData(inputs, plain) { Prepare = batch => batch * 2 })
        );

        static double Losses(TensorData data)
        {
            using var student = Student();
            return Trainer.Run(student, data, new SoftLabels(StudentOutputs), Options, Seeded()).MeanLoss;
        }
    }

    [Fact]
    public void Run_Cancelled_Throws()
    {
        using var scope = NewDisposeScope();
        using var teacher = Teacher();
        using var student = Student();
        using var source = new CancellationTokenSource();
        using var answers = SoftLabels.Of(teacher, Inputs(64), TeacherOutputs, batchSize: 16);
        Assert.Throws<OperationCanceledException>(() =>
            Trainer.Run(
                student,
                new TensorData(Inputs(64), answers),
                new SoftLabels(StudentOutputs),
                Options,
                Seeded(),
                _ => source.Cancel(),
                source.Token
            )
        );
    }

    [Theory]
    [InlineData(0, 4)]
    [InlineData(-1, 1)]
    public void Of_OutputOutOfRange_Throws(int first, int second)
    {
        using var scope = NewDisposeScope();
        using var teacher = Teacher();
        Assert.Throws<ArgumentOutOfRangeException>(
            "outputs",
            () => SoftLabels.Of(teacher, Inputs(4), [first, second], batchSize: 16)
        );
    }

    [Theory]
    [InlineData(new[] { 0, 8 }, "'8'")] // the student has eight
    [InlineData(new[] { -1, 1 }, "'-1'")]
    [InlineData(new int[0], "'0'")]
    public void Run_OutputsThatTheStudentLacks_ThrowsNamingTheValue(int[] outputs, string value)
    {
        using var scope = NewDisposeScope();
        using var student = Student();
        var error = Assert.Throws<ArgumentOutOfRangeException>(
            nameof(outputs),
            () =>
                Trainer.Run(
                    student,
                    new TensorData(Inputs(4), zeros(4, 2)),
                    new SoftLabels(outputs),
                    Options,
                    Seeded(),
                    null,
                    TestContext.Current.CancellationToken
                )
        );
        Assert.Contains(value, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_OtherNumberOfOutputs_Throws()
    {
        using var scope = NewDisposeScope();
        using var student = Student();
        Assert.Throws<ArgumentException>(() =>
            Trainer.Run(
                student,
                new TensorData(Inputs(4), zeros(4, 2)),
                new SoftLabels([0]),
                Options,
                Seeded(),
                null,
                TestContext.Current.CancellationToken
            )
        );
    }

    [Fact]
    public void Run_LeaksNoTensor()
    {
        using var scope = NewDisposeScope();
        using var teacher = Teacher();
        using var student = Student();
        var inputs = Inputs(33);
        LeakTests.AssertNoLeak(() => Run(teacher, student, inputs, Options));
    }

    [Fact]
    public void Compute_LeaksNoTensor()
    {
        using var scope = NewDisposeScope();
        var (a, b) = (zeros(2, 3), ones(2, 3));
        LeakTests.AssertNoLeak(() => DistillationLoss.Compute(a, b).Dispose());
    }

    private static void Run(
        Network teacher,
        Network student,
        Tensor inputs,
        TrainingOptions options,
        Action<double>? progress = null
    )
    {
        using var generator = Seeded();
        using var answers = SoftLabels.Of(teacher, inputs, TeacherOutputs, options.BatchSize);
        Trainer.Run(
            student,
            new TensorData(inputs, answers),
            new SoftLabels(StudentOutputs),
            options,
            generator,
            progress,
            TestContext.Current.CancellationToken
        );
    }

    private static WeightSet Trained()
    {
        using var scope = NewDisposeScope();
        using var teacher = Teacher();
        using var student = Student();
        Run(teacher, student, Inputs(64), Options);
        return WeightSet.CopyOf(student);
    }

    private static double Divergence(Network teacher, Network student, Tensor inputs)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        teacher.eval();
        student.eval();
        var expected = teacher.forward(inputs).index_select(1, tensor(new long[] { 3, 1 }));
        return DistillationLoss.Compute(student.forward(inputs).narrow(1, 0, 2), expected).item<float>();
    }

    // Logits ten times as large as at random, so that there is something to learn.
    private static Network Teacher()
    {
        using var generator = Seeded();
        var teacher = PlantedNetwork.Architecture.Build(generator);
        using var noGrad = no_grad();
        teacher.get_parameter("head.weight")!.mul_(10);
        return teacher;
    }

    private static Network Student()
    {
        using var generator = new Generator(8);
        return new ConvNetArchitecture(2, 8, [8, 8], 8).Build(generator);
    }

    private static Tensor Inputs(long count)
    {
        using var generator = new Generator(9);
        return randn([count, 2, 8, 8], generator: generator);
    }

    private static Generator Seeded() => new(7);
}
