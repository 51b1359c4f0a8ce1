using Dmkd.Core.Models;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Dmkd.Core.Training;

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
