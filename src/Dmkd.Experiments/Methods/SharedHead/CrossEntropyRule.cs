using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Dmkd.Experiments.Methods.SharedHead;

/// <summary>Plain training: the cross-entropy over all outputs.</summary>
internal sealed class CrossEntropyRule(nn.Module<Tensor, Tensor> model) : ITrainingRule
{
    public Tensor Loss(TrainingBatch batch) => F.cross_entropy(model.forward(batch.Images), batch.Labels);
}
