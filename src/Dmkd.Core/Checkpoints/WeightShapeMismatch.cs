using static TorchSharp.torch;

namespace Dmkd.Core.Checkpoints;

/// <summary>A weight that a checkpoint has in another shape, or as whole numbers.</summary>
/// <param name="Name">Name in the architecture.</param>
/// <param name="Expected">Shape that the architecture needs.</param>
/// <param name="Actual">Shape in the checkpoint.</param>
/// <param name="ActualType">Element type in the checkpoint; only floating-point types can be weights.</param>
public sealed record WeightShapeMismatch(string Name, IReadOnlyList<long> Expected, IReadOnlyList<long> Actual, ScalarType ActualType);
