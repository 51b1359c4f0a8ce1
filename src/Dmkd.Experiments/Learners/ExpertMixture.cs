using Dmkd.Core.Models;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Dmkd.Experiments.Learners;

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

/// <summary>Which experts inputs go to, in the current scope.</summary>
/// <param name="Shares">Shape [batch, experts]: 0 for experts that are not asked, else their weight; rows sum to
/// 1.</param>
/// <param name="Load">Shape [experts]: a smooth estimate of the inputs each expert gets.</param>
internal readonly record struct GateDecision(Tensor Shares, Tensor Load);
