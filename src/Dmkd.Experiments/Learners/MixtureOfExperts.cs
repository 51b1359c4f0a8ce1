using Dmkd.Core;
using Dmkd.Core.Devices;
using Dmkd.Core.Models;
using Dmkd.Core.Training;
using Dmkd.Data.Seeds;
using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Dmkd.Experiments.Learners;

/// <summary>
/// A sparsely-gated mixture of experts (Shazeer et al. 2017, arXiv 1701.06538), trained on the tasks one after the
/// other: <c>L = CE + w (CV²(Importance) + CV²(Load))</c>, <c>Importance_k = Σ_x share_k(x)</c>, <c>Load_k = Σ_x P(x,
/// k)</c> (<see cref="NoisyTopGate"/>). Each expert is a whole network with a head for all classes, its widths those of
/// the shared backbone divided by √K, so that K of them have about as many parameters as it; the gate reads the image
/// averaged down to 4x4. Differs: the paper's experts are layers in a network, these are networks; K is the number of
/// tasks unless it is told. Gate and experts have no mechanism against forgetting, and no class-incremental accuracy is
/// published for it. Verified: gate, importance, load and thresholds by hand against tensor2tensor's formulas; no
/// published accuracy to compare with. Sub-batches of an expert are normalised by themselves.
/// </summary>
/// <param name="device">Where it computes. Borrowed.</param>
/// <param name="options">How weights are stepped.</param>
/// <param name="experts">K; 0 for one per task.</param>
/// <param name="top">k, experts asked, at least 1; at most K are.</param>
/// <param name="strength">w, at least 0.</param>
public sealed class MixtureOfExperts(
    DeviceWorker device,
    TrainingOptions options,
    int experts,
    int top,
    double strength
) : IContinualLearner
{
    /// <summary>Name in results and experiment files.</summary>
    public const string MethodName = "moe";

    /// <inheritdoc/>
    public string Name => MethodName;

    /// <inheritdoc/>
    public Task<MethodResult> LearnAsync(
        ContinualProblem problem,
        Action<double> progress,
        CancellationToken cancellationToken
    ) => device.RunAsync(job => Learn(job, problem, progress), cancellationToken);

    /// <summary>
    /// Reads <c>experts</c>, <c>top</c>, <c>strength</c> and the parameters of <see cref="LearnerOptions"/>.
    /// </summary>
    [Named(MethodName, "a mixture of experts", Order = 8)]
    internal static MixtureOfExperts Create(DeviceWorker device, MethodParameters parameters) =>
        new(
            device,
            LearnerOptions.Read(parameters, 0.1),
            parameters.Count("experts", 0, 0, 1000),
            parameters.Count("top", 2, 1, 1000),
            parameters.Number("strength", 1e-2, 0, 1e6)
        );

    /// <summary>The architecture of one of some experts that together are about as large as one network.</summary>
    /// <param name="whole">That network's.</param>
    /// <param name="experts">K.</param>
    internal static ConvNetArchitecture ArchitectureOf(ConvNetArchitecture whole, int experts) =>
        new(
            whole.InputShape[0],
            whole.InputShape[1],
            [.. whole.Widths.Select(width => Math.Max(1, (int)Math.Round(width / Math.Sqrt(experts))))],
            whole.OutputCount
        );

    private MethodResult Learn(DeviceJob job, ContinualProblem problem, Action<double> progress)
    {
        int count = experts == 0 ? problem.Tasks.Count : experts;
        using var initial = new Generator(
            (ulong)SeedSequence.Derive(problem.Settings.Seed, SeedPurpose.BaselineWeights),
            CPU
        );
        using var mixture = new ExpertMixture(
            ArchitectureOf((ConvNetArchitecture)SharedNetwork.ArchitectureOf(problem), count),
            count,
            Math.Min(top, count),
            initial
        );
        mixture.to(job.Device);
        using var noise = new Generator((ulong)SeedSequence.Derive(problem.Settings.Seed, SeedPurpose.GateNoise), CPU);
        var learning = new SharedHeadLearning(job, problem, options, progress);
        using ITaskLearner learner = new SameObjective(new BalancedCrossEntropy(mixture, noise, strength));
        return learning.Learn(
            mixture,
            learner,
            new LearningRecord(Name, job, mixture.ParameterCount, mixture.MultiplyAdds)
        );
    }

    private sealed class BalancedCrossEntropy(ExpertMixture mixture, Generator noise, double strength) : Objective
    {
        public override Tensor Loss(TrainingStep step)
        {
            var (logits, imbalance) = mixture.Train(step.Batch.Inputs, noise);
            return F.cross_entropy(logits, step.Batch.Labels) + imbalance * strength;
        }
    }
}
