using Dmkd.Core.Modules;

namespace Dmkd.Core.Merging.Outer;

/// <summary>What an outer optimizer answers to a round. Owns its tensors.</summary>
/// <param name="Step">What to add to the module's weights, float64, in the update's order; see <see cref="ModuleAverager.Apply"/>.</param>
/// <param name="Momentum">What to give the optimizer in the next round, float32; null when it has no momentum.</param>
public sealed record OuterStep(WeightSet Step, WeightSet? Momentum) : IDisposable
{
    /// <summary>Disposes the tensors.</summary>
    public void Dispose()
    {
        Step.Dispose();
        Momentum?.Dispose();
    }
}
