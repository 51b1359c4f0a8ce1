using Dmkd.Core.Tensors;

namespace Dmkd.Core.Preservation;

/// <summary>
/// Importance of a network's parameters, <c>s_ij = |W_ij| · mean |∇_ij L|</c>, and of its units per class (proposal
/// 3.2.1). Owns its tensors.
/// </summary>
/// <remarks>
/// Scores per class and parameter would cost one network per class; only their sums per unit are needed later (class
/// assignment and unit selection), so only those are kept.
/// </remarks>
public sealed class ImportanceScores : IDisposable
{
    internal ImportanceScores(int classCount, WeightSet weights, IReadOnlyDictionary<string, double[,]> unitsByClass)
    {
        ClassCount = classCount;
        Weights = weights;
        UnitsByClass = unitsByClass;
    }

    /// <summary>Number of classes measured, at least 1.</summary>
    public int ClassCount { get; }

    /// <summary>
    /// The total score of every parameter, shaped like the parameter and at least 0: the mean of the scores per class,
    /// so that every class counts alike. Batch-norm statistics have no gradient and no score. Owned by this object.
    /// </summary>
    public WeightSet Weights { get; }

    /// <summary>
    /// By name of the unit space, shape [classCount, width]: a unit's score for a class, that is the class's score
    /// <c>s^(c)</c> summed over all parameters that write to the unit.
    /// </summary>
    public IReadOnlyDictionary<string, double[,]> UnitsByClass { get; }

    /// <summary>What a choice of units carries of all units' importance, in [0, 1]; 0 when there is none.</summary>
    /// <param name="selection">Units of the same network.</param>
    public double ShareOf(UnitSelection selection)
    {
        ArgumentNullException.ThrowIfNull(selection);
        double chosen = 0,
            total = 0;
        foreach (var (space, byClass) in UnitsByClass)
        {
            var units = selection[space].ToHashSet();
            for (int label = 0; label < byClass.GetLength(0); label++)
            {
                for (int unit = 0; unit < byClass.GetLength(1); unit++)
                {
                    total += byClass[label, unit];
                    if (units.Contains(unit))
                        chosen += byClass[label, unit];
                }
            }
        }

        return total > 0 ? chosen / total : 0;
    }

    /// <summary>Disposes the tensors.</summary>
    public void Dispose() => Weights.Dispose();
}
