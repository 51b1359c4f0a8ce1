using static TorchSharp.torch;

namespace Dmkd.Experiments.Methods.Mixture;

/// <summary>Which experts inputs go to, in the current scope.</summary>
/// <param name="Shares">Shape [batch, experts]: 0 for experts that are not asked, else their weight; rows sum to 1.</param>
/// <param name="Load">Shape [experts]: a smooth estimate of the inputs each expert gets.</param>
internal readonly record struct GateDecision(Tensor Shares, Tensor Load);
