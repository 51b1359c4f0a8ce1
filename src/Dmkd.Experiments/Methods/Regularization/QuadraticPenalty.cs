using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dmkd.Experiments.Methods.Regularization;

/// <summary>Ties weights to what they were: <c>Σ_i F_i (θ_i - θ*_i)²</c>. Owns its tensors.</summary>
internal sealed class QuadraticPenalty : IDisposable
{
    private readonly IReadOnlyList<Parameter> _parameters;
    private readonly Tensor[] _anchors;

    /// <summary>Ties weights to what they are now.</summary>
    /// <param name="parameters">The weights θ. Borrowed.</param>
    /// <param name="importance">For each the importance F of its values, of its shape. The penalty becomes their owner.</param>
    public QuadraticPenalty(IReadOnlyList<Parameter> parameters, IReadOnlyList<Tensor> importance)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        _parameters = parameters;
        Importance = [.. importance.Select(values => values.DetachFromDisposeScope())];
        _anchors = [.. parameters.Select(parameter => parameter.clone().DetachFromDisposeScope())];
    }

    /// <summary>Importance of each value of each weight. Owned by this object.</summary>
    public IReadOnlyList<Tensor> Importance { get; }

    /// <summary>The penalty, a scalar with a graph, owned by the caller.</summary>
    public Tensor Compute()
    {
        using var scope = NewDisposeScope();
        var terms = _parameters.Select((parameter, i) => (Importance[i] * (parameter - _anchors[i]).square()).sum());
        return stack(terms).sum().MoveToOuterDisposeScope();
    }

    /// <summary>Disposes the tensors.</summary>
    public void Dispose()
    {
        foreach (var tensor in Importance.Concat(_anchors)) tensor.Dispose();
    }
}
