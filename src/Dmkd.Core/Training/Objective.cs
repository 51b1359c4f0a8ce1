using static TorchSharp.torch;

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
