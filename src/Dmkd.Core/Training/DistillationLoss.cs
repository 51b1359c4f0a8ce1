using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Dmkd.Core.Training;

/// <summary>The distillation loss <c>L_KD = KL(p_old || p_k)</c> (proposal 3.2.4).</summary>
public static class DistillationLoss
{
    /// <summary>
    /// The divergence of the student's distribution from the teacher's, in nats: summed over the classes, averaged over the
    /// batch. At a temperature T other than 1 both logits are divided by T and the loss is multiplied by T², so that its
    /// gradients keep their size (Hinton et al. 2015).
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
            string student = string.Join(", ", studentLogits.shape), teacher = string.Join(", ", teacherLogits.shape);
            throw new ArgumentException(
                $"Both logits must be [batch, classes], but the student's are [{student}] and the teacher's [{teacher}].", nameof(studentLogits));
        }

        using var scope = NewDisposeScope();
        var ours = F.log_softmax(studentLogits / temperature, 1);
        var theirs = F.log_softmax(teacherLogits.detach() / temperature, 1);
        var divergence = (theirs.exp() * (theirs - ours)).sum(1).mean();
        return (divergence * (temperature * temperature)).MoveToOuterDisposeScope();
    }
}
