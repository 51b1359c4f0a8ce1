using static TorchSharp.torch;
namespace Dmkd.Core.Distillation;
/// <summary>placeholder</summary>
public static class DistillationLoss { 
/// <summary>x</summary>
public static Tensor Compute(Tensor studentLogits, Tensor teacherLogits, double temperature = 1) => nn.functional.kl_div(nn.functional.log_softmax(studentLogits,1), nn.functional.softmax(teacherLogits,1), reduction: TorchSharp.torch.nn.Reduction.Sum) / studentLogits.shape[0]; }
