using Dmkd.Core;
using Dmkd.Core.Devices;
using Dmkd.Core.Training;

namespace Dmkd.Experiments.Learners;

/// <summary>
/// Decentralized plain averaging, WA in DIMAT's comparison (Saadati et al. 2024): nodes train on their own shares and
/// take the mean of their states, <c>W_i = Σ_j Π_ij W_j</c>, batch-norm statistics included and not re-estimated. One
/// network with one head for all classes, fine-tuned task by task: nothing is done against forgetting.
/// <c>batch-norm-reset=yes</c> re-estimates the statistics after each merge, which separates DIMAT's alignment from its
/// reset. Differs from DIMAT's code: one common start (<c>start=own</c> for one per node, as there), SGD at 0.1 as for
/// the other baselines (<c>optimizer=adamw learning-rate=0.001</c> is near its Adam), the run's rounds for 100 merges
/// of 2 passes, training before merging. Verified: mean by hand; not against published accuracies, which are for all
/// classes at once.
/// </summary>
/// <param name="device">Where it computes. Borrowed.</param>
/// <param name="options">How weights are stepped.</param>
/// <param name="merging">How nodes merge; without alignment.</param>
/// <param name="ownFirstWeights">Whether every node starts from weights of its own.</param>
public sealed class PlainAveraging(
    DeviceWorker device,
    TrainingOptions options,
    MergeOptions merging,
    bool ownFirstWeights
) : IContinualLearner
{
    /// <summary>Name in results and experiment files.</summary>
    public const string MethodName = "wa";

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
    /// Reads <c>batch-norm-reset</c>, <c>start</c> and the parameters of <see cref="MergeOptions"/> and
    /// <see cref="LearnerOptions"/>.
    /// </summary>
    [Named(MethodName, "decentralized averaging of weights", Order = 10)]
    internal static PlainAveraging Create(DeviceWorker device, MethodParameters parameters) =>
        new(
            device,
            LearnerOptions.Read(parameters, LearnerOptions.UsualLearningRate),
            MergeOptions.Read(
                parameters,
                align: false,
                parameters.OneOf("batch-norm-reset", "no", ["yes", "no"]) == "yes"
            ),
            parameters.OneOf("start", "common", ["common", "own"]) == "own"
        );
}
