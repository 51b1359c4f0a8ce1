using Dmkd.Core.Models;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Dmkd.Core.Training;

/// <summary>
/// What a training step minimises. Objectives compose: <c>new CrossEntropy() + new TeacherDistillation(target) *
/// 0.5</c> shares one forward
/// pass. A new objective is one file:
/// <code>
/// /// &lt;summary&gt;The confidence penalty (Pereyra et al. 2017): minus the entropy of the answers.&lt;/summary&gt;
/// public sealed class Confidence : Objective
/// {
///     public override Tensor Loss(TrainingStep step)
///     {
///         var logs = step.Logits.log_softmax(1);
///         return (logs.exp() * logs).sum(1).mean();
///     }
/// }
///
/// Trainer.Run(model, data, new CrossEntropy() + new Confidence() * 0.1, options, generator);
/// </code>
/// </summary>
public abstract class Objective
{
    /// <summary>The loss of a step.</summary>
    /// <param name="step">The model, in training mode, and its batch. Borrowed.</param>
    /// <returns>A scalar with a graph, in the current dispose scope; null when the objective has nothing to say of this
    /// step.</returns>
    public abstract Tensor? Loss(TrainingStep step);

    /// <summary>Called when the weights were stepped, such as to remember examples.</summary>
    /// <param name="step">Borrowed.</param>
    public virtual void AfterStep(TrainingStep step) { }

    /// <summary>Both objectives, added in this order.</summary>
    public static Objective operator +(Objective left, Objective right) => left.Add(right);

    /// <summary>The objective, weighted.</summary>
    public static Objective operator *(Objective objective, double weight) => objective.Multiply(weight);

    /// <summary>Both objectives, added in this order.</summary>
    public Objective Add(Objective other) => new Sum(this, other);

    /// <summary>The objective, weighted.</summary>
    public Objective Multiply(double weight) => new Weighted(this, weight);

    private sealed class Sum(Objective left, Objective right) : Objective
    {
        public override Tensor? Loss(TrainingStep step)
        {
            var first = left.Loss(step);
            var second = right.Loss(step);
            if (first is null)
                return second;
            if (second is null)
                return first;
            return first + second;
        }

        public override void AfterStep(TrainingStep step)
        {
            left.AfterStep(step);
            right.AfterStep(step);
        }
    }

    private sealed class Weighted(Objective objective, double weight) : Objective
    {
        public override Tensor? Loss(TrainingStep step)
        {
            var loss = objective.Loss(step);
            return loss is null ? null : loss * weight;
        }

        public override void AfterStep(TrainingStep step) => objective.AfterStep(step);
    }
}

/// <summary>One step of a training: the model and its batch. Owns the logits.</summary>
/// <param name="model">Borrowed.</param>
/// <param name="batch">Borrowed.</param>
public sealed class TrainingStep(nn.Module<Tensor, Tensor> model, Batch batch) : IDisposable
{
    private Tensor? _logits;

    /// <summary>What is trained.</summary>
    public nn.Module<Tensor, Tensor> Model => model;

    /// <summary>What it is trained on.</summary>
    public Batch Batch => batch;

    /// <summary>
    /// The model's answers to the batch, with a graph: one forward pass, however many objectives ask. Borrowed.
    /// </summary>
    public Tensor Logits => _logits ??= model.forward(batch.Inputs).DetachFromDisposeScope();

    /// <summary>
    /// How the step's plain rows were answered: those whose labels are the data's, among the outputs that name its
    /// classes. Asks the model nothing that no objective has asked.
    /// </summary>
    internal AnswerCount Answers()
    {
        if (_logits is null || batch.Labels.dim() != 1)
            return default;
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var answers = _logits.narrow(0, 0, batch.PlainCount);
        if (batch.PlainOutputs is { } outputs)
            answers = answers.narrow(1, 0, outputs);
        var isRight = answers.argmax(1).eq(batch.Labels.narrow(0, 0, batch.PlainCount));
        return new AnswerCount(isRight.sum().item<long>(), batch.PlainCount);
    }

    /// <summary>Disposes the logits.</summary>
    public void Dispose() => _logits?.Dispose();
}

/// <summary>Answers to rows that have a class.</summary>
/// <param name="Right">Those that name it.</param>
/// <param name="Rows">All of them.</param>
internal readonly record struct AnswerCount(long Right, long Rows)
{
    public static AnswerCount operator +(AnswerCount left, AnswerCount right) =>
        new(left.Right + right.Right, left.Rows + right.Rows);
}

/// <summary>The mean cross-entropy of the answers with the labels, <c>L_task</c> (proposal 3.4.1).</summary>
public sealed class CrossEntropy : Objective
{
    private readonly Range _outputs;

    /// <summary>Over all outputs.</summary>
    public CrossEntropy()
        : this(Range.All) { }

    /// <summary>Over some outputs, as if there were no others.</summary>
    /// <param name="outputs">Outputs in a row; all labels are among them.</param>
    public CrossEntropy(Range outputs) => _outputs = outputs;

    /// <inheritdoc/>
    public override Tensor Loss(TrainingStep step)
    {
        ArgumentNullException.ThrowIfNull(step);
        if (_outputs.Equals(Range.All))
            return F.cross_entropy(step.Logits, step.Batch.Labels);
        var (first, count) = _outputs.GetOffsetAndLength(checked((int)step.Logits.shape[1]));
        return F.cross_entropy(step.Logits.narrow(1, first, count), step.Batch.Labels - first);
    }
}

/// <summary>Whom a training also listens to: the teacher of <c>λ·L_KD</c> (proposal 3.4.1).</summary>
/// <param name="Teacher">Borrowed; put into evaluation mode and used without gradients.</param>
/// <param name="TeacherOutputs">The teacher's outputs for the shared classes.</param>
/// <param name="StudentOutputs">The student's outputs for the same classes, in the same order.</param>
/// <param name="PlainOnly">Whether the teacher knows examples as they are only, as a legacy model does
/// (<see cref="Batch.PlainCount"/>).</param>
public sealed record DistillationTarget(
    Network Teacher,
    IReadOnlyList<int> TeacherOutputs,
    IReadOnlyList<int> StudentOutputs,
    bool PlainOnly
);

/// <summary><see cref="DistillationLoss"/> from a teacher that answers to the same batch.</summary>
public sealed class TeacherDistillation : Objective
{
    private readonly DistillationTarget _target;

    /// <summary>Starts listening.</summary>
    /// <param name="target">The teacher. Borrowed.</param>
    public TeacherDistillation(DistillationTarget target)
    {
        ArgumentNullException.ThrowIfNull(target);
        _target = target;
        target.Teacher.eval();
    }

    /// <inheritdoc/>
    public override Tensor Loss(TrainingStep step)
    {
        ArgumentNullException.ThrowIfNull(step);
        var inputs = step.Batch.Inputs;
        long count = _target.PlainOnly ? step.Batch.PlainCount : inputs.shape[0];
        Tensor teacher;
        using (no_grad())
            teacher = _target.Teacher.forward(inputs.narrow(0, 0, count));
        var own = step.Logits.narrow(0, 0, count);
        return DistillationLoss.Compute(
            SoftLabels.Columns(own, _target.StudentOutputs),
            SoftLabels.Columns(teacher, _target.TeacherOutputs)
        );
    }
}

/// <summary>
/// <see cref="DistillationLoss"/> from answers that a teacher gave before: the batch's labels are its logits (proposal
/// 3.2.4).
/// </summary>
public sealed class SoftLabels : Objective
{
    private readonly IReadOnlyList<int> _outputs;
    private readonly double _temperature;

    /// <summary>Chooses who learns what.</summary>
    /// <param name="outputs">The student's outputs that learn the columns of the labels, in their order, at least
    /// one.</param>
    /// <param name="temperature">Softens both distributions, above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">An output is negative, or there is none.</exception>
    public SoftLabels(IReadOnlyList<int> outputs, double temperature = 1)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(temperature);
        CheckOutputs(outputs, int.MaxValue, nameof(outputs));
        _outputs = outputs;
        _temperature = temperature;
    }

    /// <summary>A teacher's logits, computed once for all epochs: without gradients, in evaluation mode.</summary>
    /// <param name="teacher">Borrowed: its mode is restored.</param>
    /// <param name="inputs">What the teacher takes, shape [examples, ...], on its device. Borrowed.</param>
    /// <param name="outputs">The teacher's outputs to learn, at least one.</param>
    /// <param name="batchSize">Examples in one forward pass, at least 1.</param>
    /// <param name="prepare">As <see cref="TensorData.Prepare"/>; null takes the inputs as they are.</param>
    /// <returns>Shape [examples, outputs], owned by the caller.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The teacher has no such output, or none is asked for.</exception>
    public static Tensor Of(
        Network teacher,
        Tensor inputs,
        IReadOnlyList<int> outputs,
        int batchSize,
        Func<Tensor, Tensor>? prepare = null
    )
    {
        ArgumentNullException.ThrowIfNull(inputs);
        return Of(teacher, inputs.shape[0], Batch, outputs, batchSize);

        Tensor Batch(long first, long count)
        {
            var some = inputs.narrow(0, first, count);
            return prepare?.Invoke(some) ?? some;
        }
    }

    /// <summary>A teacher's logits to inputs that are made batch by batch, as the other overload.</summary>
    /// <param name="teacher">Borrowed: its mode is restored.</param>
    /// <param name="count">Number of inputs, at least 1.</param>
    /// <param name="batch">Makes what the teacher takes of the inputs from a first one on, as many as asked for; its
    /// result is in the current dispose scope.</param>
    /// <param name="outputs">The teacher's outputs to learn, at least one.</param>
    /// <param name="batchSize">Examples in one forward pass, at least 1.</param>
    /// <returns>Shape [examples, outputs], owned by the caller.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The teacher has no such output, or none is asked for.</exception>
    public static Tensor Of(
        Network teacher,
        long count,
        Func<long, long, Tensor> batch,
        IReadOnlyList<int> outputs,
        int batchSize
    )
    {
        ArgumentNullException.ThrowIfNull(teacher);
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        CheckOutputs(outputs, teacher.Architecture.OutputCount, nameof(outputs));
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        bool wasTraining = teacher.training;
        teacher.eval();
        try
        {
            // one tensor for all: small ones kept between large ones that go would keep the allocator from using their
            // places again
            var answers = empty([count, teacher.Architecture.OutputCount], device: teacher.Device);
            for (long first = 0; first < count; first += batchSize)
                Answer(answers, first);
            return Columns(answers, outputs).MoveToOuterDisposeScope();
        }
        finally
        {
            teacher.train(wasTraining);
        }

        void Answer(Tensor answers, long first)
        {
            using var inner = NewDisposeScope();
            long size = Math.Min(batchSize, count - first);
            answers.narrow(0, first, size).copy_(teacher.forward(batch(first, size)));
        }
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The model has no such output.</exception>
    public override Tensor Loss(TrainingStep step)
    {
        ArgumentNullException.ThrowIfNull(step);
        CheckOutputs(_outputs, step.Logits.shape[1], "outputs");
        return DistillationLoss.Compute(Columns(step.Logits, _outputs), step.Batch.Labels, _temperature);
    }

    /// <summary>Some columns of logits, in the current dispose scope.</summary>
    internal static Tensor Columns(Tensor logits, IReadOnlyList<int> columns)
    {
        long[] wide = [.. columns.Select(column => (long)column)];
        return logits.index_select(1, tensor(wide).to(logits.device));
    }

    /// <summary>Refuses outputs that are not in [0, count), and no outputs.</summary>
    internal static void CheckOutputs(IReadOnlyList<int> outputs, long count, string name)
    {
        ArgumentNullException.ThrowIfNull(outputs, name);
        ArgumentOutOfRangeException.ThrowIfZero(outputs.Count, name);
        foreach (int output in outputs)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(output, name);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(output, count, name);
        }
    }
}

/// <summary>The distillation loss <c>L_KD = KL(p_old || p_k)</c> (proposal 3.2.4).</summary>
public static class DistillationLoss
{
    /// <summary>
    /// The divergence of the student's distribution from the teacher's, in nats: summed over the classes, averaged over
    /// the batch. At a temperature T other than 1 both logits are divided by T and the loss is multiplied by T², so
    /// that its gradients keep their size (Hinton et al. 2015).
    /// </summary>
    /// <param name="studentLogits">Shape [batch, classes]. Borrowed.</param>
    /// <param name="teacherLogits">Shape [batch, classes], the same classes. Borrowed; no gradient reaches it.</param>
    /// <param name="temperature">Softens both distributions, above 0.</param>
    /// <returns>A scalar of at least 0, owned by the caller.</returns>
    public static Tensor Compute(Tensor studentLogits, Tensor teacherLogits, double temperature = 1)
    {
        ArgumentNullException.ThrowIfNull(studentLogits);
        ArgumentNullException.ThrowIfNull(teacherLogits);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(temperature);
        if (studentLogits.dim() != 2 || !studentLogits.shape.AsSpan().SequenceEqual(teacherLogits.shape))
        {
            string student = string.Join(", ", studentLogits.shape),
                teacher = string.Join(", ", teacherLogits.shape);
            throw new ArgumentException(
                $"Both logits must be [batch, classes], but the student's are [{student}] and the teacher's [{teacher}].",
                nameof(studentLogits)
            );
        }

        using var scope = NewDisposeScope();
        var ours = F.log_softmax(studentLogits / temperature, 1);
        var theirs = F.log_softmax(teacherLogits.detach() / temperature, 1);
        var divergence = (theirs.exp() * (theirs - ours)).sum(1).mean();
        return (divergence * (temperature * temperature)).MoveToOuterDisposeScope();
    }
}
