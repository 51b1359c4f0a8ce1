using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Dmkd.Core.Training;

/// <summary>The mean cross-entropy of the answers with the labels, <c>L_task</c> (proposal 3.4.1).</summary>
public sealed class CrossEntropy : Objective
{
    private readonly Range _outputs;

    /// <summary>Over all outputs.</summary>
    public CrossEntropy()
        : this(Range.All)
    {
    }

    /// <summary>Over some outputs, as if there were no others.</summary>
    /// <param name="outputs">Outputs in a row; all labels are among them.</param>
    public CrossEntropy(Range outputs) => _outputs = outputs;

    /// <inheritdoc/>
    public override Tensor Loss(TrainingStep step)
    {
        ArgumentNullException.ThrowIfNull(step);
        if (_outputs.Equals(Range.All)) return F.cross_entropy(step.Logits, step.Batch.Labels);
        var (first, count) = _outputs.GetOffsetAndLength(checked((int)step.Logits.shape[1]));
        return F.cross_entropy(step.Logits.narrow(1, first, count), step.Batch.Labels - first);
    }
}
