namespace Dmkd.Core.Training;

/// <summary>How weights are stepped.</summary>
public enum OptimizerKind
{
    /// <summary>Adam with decoupled weight decay.</summary>
    AdamW,

    /// <summary>Plain stochastic gradient descent, without momentum.</summary>
    Sgd,
}
