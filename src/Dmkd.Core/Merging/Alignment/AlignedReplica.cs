using Dmkd.Core.Modules;

namespace Dmkd.Core.Merging.Alignment;

/// <summary>A replica whose units stand in the order of a reference's. Owns its weights.</summary>
public sealed class AlignedReplica : IDisposable
{
    internal AlignedReplica(WeightSet weights, UnitPermutation permutation, IReadOnlyDictionary<string, double> correlations, double meanCorrelation)
    {
        Weights = weights;
        Permutation = permutation;
        Correlations = correlations;
        MeanCorrelation = meanCorrelation;
    }

    /// <summary>The replica's weights in their new order: the same function as before. Owned by this object.</summary>
    public WeightSet Weights { get; }

    /// <summary>For each unit of the reference the replica's unit that was put in its place.</summary>
    public UnitPermutation Permutation { get; }

    /// <summary>By space name: the mean correlation of the reference's units with those put in their places, in [-1, 1].</summary>
    public IReadOnlyDictionary<string, double> Correlations { get; }

    /// <summary>The mean over all units of all spaces, in [-1, 1].</summary>
    public double MeanCorrelation { get; }

    /// <summary>Disposes the weights.</summary>
    public void Dispose() => Weights.Dispose();
}
