using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dmkd.Experiments.Methods.SharedHead;

/// <summary>What is trained, and what for.</summary>
/// <param name="Parameters">Weights that are stepped. Borrowed.</param>
/// <param name="Loss">The loss of a batch, a scalar with a graph, in the current scope.</param>
/// <param name="AfterStep">Called after each step with its batch; null for nothing.</param>
internal sealed record Objective(IReadOnlyList<Parameter> Parameters, Func<TrainingBatch, Tensor> Loss, Action<TrainingBatch>? AfterStep = null);
