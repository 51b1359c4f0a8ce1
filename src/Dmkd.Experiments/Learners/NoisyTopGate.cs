using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Dmkd.Experiments.Learners;

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
