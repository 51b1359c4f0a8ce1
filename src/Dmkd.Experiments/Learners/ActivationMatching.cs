using Dmkd.Core;
using Dmkd.Core.Devices;
using Dmkd.Core.Training;

namespace Dmkd.Experiments.Learners;

/// <summary>
/// DIMAT (Saadati et al. 2024, arXiv 2404.08079): nodes train on their own shares; in a merge each reference i matches
/// the units of the others to its own by activation correlation, <c>P_k = argmax_P &lt;P, Corr_{i,k}&gt;</c> per unit
/// space (<see cref="Core.Merging.Alignment.UnitAlignment"/>), and takes <c>θ_i = Σ_k Π_ik P_k(θ_k)</c> over whole
/// states; batch-norm statistics are re-estimated before the matching and after the mean. One network with one head for
/// all classes, fine-tuned task by task: nothing is done against forgetting, and none is published for it.
/// <c>statistics=global</c> is the published code: activations and statistics on the training images of all nodes,
/// which every node must then hold (their transfer is not counted). <c>statistics=local</c>, the default, keeps images
/// at home: activations on the reference's own; batch-norm statistics of the mean on every node's own, exchanged and
/// pooled in a full graph (their bytes are counted), on its own alone in a ring. Differs: a sample of the task's
/// images, not augmented, for the statistics; SGD at 0.1 as for the other baselines (published: Adam at 0.001, near
/// <c>optimizer=adamw learning-rate=0.001</c>); the run's rounds for 100 merges of 2 passes; training before merging,
/// no solo training first; batch norm keeps its momentum in training. Verified: a permuted replica is recovered, mean
/// and pooling by hand; not against published accuracies.
/// </summary>
/// <param name="device">Where it computes. Borrowed.</param>
/// <param name="options">How weights are stepped.</param>
/// <param name="merging">How nodes merge; with alignment.</param>
/// <param name="ownFirstWeights">Whether every node starts from weights of its own.</param>
public sealed class ActivationMatching(
    DeviceWorker device,
    TrainingOptions options,
    MergeOptions merging,
    bool ownFirstWeights
) : IContinualLearner
{
    /// <summary>Name in results and experiment files.</summary>
    public const string MethodName = "dimat";

    /// <inheritdoc/>
    public string Name => MethodName;

    /// <inheritdoc/>
    public Task<MethodResult> LearnAsync(
        ContinualProblem problem,
        Action<double> progress,
        CancellationToken cancellationToken
    ) =>
        device.RunAsync(
            job => new DecentralizedLearning(job, problem, options, merging, progress).Learn(Name, ownFirstWeights),
            cancellationToken
        );

    /// <summary>
    /// Reads <c>start</c> and the parameters of <see cref="MergeOptions"/> and <see cref="LearnerOptions"/>.
    /// </summary>
    [Named(MethodName, "decentralized merging by matched activations", Order = 11)]
    internal static ActivationMatching Create(DeviceWorker device, MethodParameters parameters) =>
        new(
            device,
            LearnerOptions.Read(parameters, LearnerOptions.UsualLearningRate),
            MergeOptions.Read(parameters, align: true, resetBatchNorm: true),
            parameters.OneOf("start", "own", ["common", "own"]) == "own"
        );
}
