using Dmkd.Core;
using Dmkd.Core.Devices;
using Dmkd.Core.Models;
using Dmkd.Core.Training;
using Dmkd.Data.Seeds;
using TorchSharp;
using TorchSharp.Modules;
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

/// <summary>
/// A mixture of experts, <c>y = Σ_k share_k(x) E_k(x)</c> on logits; only experts with a share see an input. The gate
/// looks at the image averaged down to 4x4. Owns its tensors.
/// </summary>
internal sealed class ExpertMixture : nn.Module<Tensor, Tensor>
{
    private const int ViewSize = 4;
    private readonly Network[] _experts;
    private readonly NoisyTopGate _gate;

    /// <summary>Makes a mixture.</summary>
    /// <param name="architecture">Of each expert.</param>
    /// <param name="experts">Number of experts, at least 1.</param>
    /// <param name="top">Experts asked, in [1, experts].</param>
    /// <param name="generator">Source of the experts' weights. Borrowed: its state advances.</param>
    public ExpertMixture(ConvNetArchitecture architecture, int experts, int top, Generator generator)
        : base("mixture")
    {
        _experts = [.. Enumerable.Range(0, experts).Select(_ => architecture.Build(generator))];
        int inputs = architecture.InputShape[0] * ViewSize * ViewSize;
        _gate = new NoisyTopGate(inputs, experts, top);
        register_module("gate", _gate);
        for (int i = 0; i < experts; i++)
            register_module($"expert{i + 1}", _experts[i]);
        ParameterCount = experts * (architecture.ParameterCount + 2L * inputs);
        MultiplyAdds = top * architecture.MultiplyAdds + (long)inputs * experts;
    }

    /// <summary>Trainable values.</summary>
    public long ParameterCount { get; }

    /// <summary>Multiply-adds to predict one input.</summary>
    public long MultiplyAdds { get; }

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return Combine(input, _gate.Decide(ViewOf(input)).Shares).MoveToOuterDisposeScope();
    }

    /// <summary>Answers in training.</summary>
    /// <param name="images">Shape [batch, channels, size, size]. Borrowed.</param>
    /// <param name="generator">Source of the gate's noise, on the CPU. Borrowed: its state advances.</param>
    /// <returns>Logits, shape [batch, classes], and CV²(importance) + CV²(load), a scalar; in the current
    /// scope.</returns>
    public (Tensor Logits, Tensor Imbalance) Train(Tensor images, Generator generator)
    {
        var decision = _gate.DecideNoisily(ViewOf(images), generator);
        var imbalance =
            NoisyTopGate.SquaredVariation(decision.Shares.sum(0L)) + NoisyTopGate.SquaredVariation(decision.Load);
        return (Combine(images, decision.Shares), imbalance);
    }

    private static Tensor ViewOf(Tensor images) => F.adaptive_avg_pool2d(images, ViewSize).flatten(1);

    private Tensor Combine(Tensor images, Tensor shares)
    {
        var result = zeros([images.shape[0], _experts[0].Architecture.OutputCount], device: images.device);
        for (int expert = 0; expert < _experts.Length; expert++)
        {
            var own = shares.select(1, expert);
            var rows = own.detach().gt(0).nonzero().flatten();
            if (rows.shape[0] == 0)
                continue;
            var answers =
                _experts[expert].forward(images.index_select(0, rows)) * own.index_select(0, rows).unsqueeze(1);
            result = result.index_add(0, rows, answers, 1);
        }

        return result;
    }
}

/// <summary>
/// Noisy top-k gating (Shazeer et al. 2017, appendix A): <c>h(x) = x W_g + ε (softplus(x W_noise) + 0.01)</c> with ε ~
/// N(0, 1) in training only; the shares are the softmax over the k largest entries of h. Both matrices start at zero.
/// Follows tensor2tensor's <c>expert_utils.py</c>, not the ports that take the softmax before the top k. Owns its
/// tensors.
/// </summary>
internal sealed class NoisyTopGate : nn.Module
{
    private const double MinDeviation = 1e-2;
    private const double Epsilon = 1e-10;
    private readonly Linear _clean;
    private readonly Linear _noise;
    private readonly int _top;

    /// <summary>Makes a gate.</summary>
    /// <param name="inputs">Length of an input.</param>
    /// <param name="experts">Number of experts, at least 1.</param>
    /// <param name="top">Experts asked, in [1, experts].</param>
    public NoisyTopGate(int inputs, int experts, int top)
        : base("gate")
    {
        _top = top;
        _clean = nn.Linear(inputs, experts, hasBias: false);
        _noise = nn.Linear(inputs, experts, hasBias: false);
        using (no_grad())
        {
            _clean.weight.zero_();
            _noise.weight.zero_();
        }

        register_module("clean", _clean);
        register_module("noise", _noise);
    }

    /// <summary>Decides with noise, as in training.</summary>
    /// <param name="inputs">Shape [batch, inputs]. Borrowed.</param>
    /// <param name="generator">Source of the noise, on the CPU. Borrowed: its state advances.</param>
    public GateDecision DecideNoisily(Tensor inputs, Generator generator)
    {
        var clean = _clean.forward(inputs);
        var deviations = F.softplus(_noise.forward(inputs)) + MinDeviation;
        var noisy = clean + randn(clean.shape, generator: generator).to(clean.device) * deviations;
        var shares = TopShares(noisy, _top);
        return new GateDecision(
            shares,
            _top < clean.shape[1] ? ChanceOfTop(clean, noisy, deviations, _top).sum(0L) : CountOf(shares)
        );
    }

    /// <summary>Decides without noise.</summary>
    /// <param name="inputs">Shape [batch, inputs]. Borrowed.</param>
    public GateDecision Decide(Tensor inputs)
    {
        var shares = TopShares(_clean.forward(inputs), _top);
        return new GateDecision(shares, CountOf(shares));
    }

    /// <summary>The softmax over the largest entries of each row; 0 elsewhere.</summary>
    /// <param name="logits">Shape [batch, experts]. Borrowed.</param>
    /// <param name="top">Entries that count, in [1, experts].</param>
    internal static Tensor TopShares(Tensor logits, int top)
    {
        var (values, experts) = logits.topk(top, 1);
        return zeros_like(logits).scatter(1, experts, F.softmax(values, 1));
    }

    /// <summary>
    /// For each entry the largest value it has to exceed to be among the top: the k-th largest of the others.
    /// </summary>
    /// <param name="noisy">Shape [batch, experts]. Borrowed.</param>
    /// <param name="top">k, in [1, experts).</param>
    internal static Tensor ThresholdOf(Tensor noisy, int top)
    {
        var (values, _) = noisy.topk(top + 1, 1);
        Tensor ifIn = values.narrow(1, top, 1),
            ifOut = values.narrow(1, top - 1, 1);
        return where(noisy > ifIn, ifIn, ifOut);
    }

    /// <summary>
    /// <c>P(x, k) = Φ((x W_g - threshold) / σ)</c>: the chance that an expert stays or comes among the top when only
    /// its own noise is drawn anew.
    /// </summary>
    /// <param name="clean">Shape [batch, experts]. Borrowed.</param>
    /// <param name="noisy">The same with noise. Borrowed.</param>
    /// <param name="deviations">Of the noise, above 0. Borrowed.</param>
    /// <param name="top">k, in [1, experts).</param>
    internal static Tensor ChanceOfTop(Tensor clean, Tensor noisy, Tensor deviations, int top) =>
        (((clean - ThresholdOf(noisy, top)) / (deviations * Math.Sqrt(2))).erf() + 1) * 0.5;

    /// <summary><c>CV² = Var(v) / (mean(v)² + 1e-10)</c> with the population variance: 0 when all are equal.</summary>
    /// <param name="values">Shape [experts]. Borrowed.</param>
    internal static Tensor SquaredVariation(Tensor values)
    {
        var mean = values.mean();
        return (values - mean).square().mean() / (mean.square() + Epsilon);
    }

    private static Tensor CountOf(Tensor shares) => shares.gt(0).to(ScalarType.Float32).sum(0L);
}

/// <summary>Which experts inputs go to, in the current scope.</summary>
/// <param name="Shares">Shape [batch, experts]: 0 for experts that are not asked, else their weight; rows sum to
/// 1.</param>
/// <param name="Load">Shape [experts]: a smooth estimate of the inputs each expert gets.</param>
internal readonly record struct GateDecision(Tensor Shares, Tensor Load);
