using System.ComponentModel.DataAnnotations;

namespace Dmkd.Core.Preservation;

/// <summary>How a legacy network is divided into experts (proposal 3.2.2).</summary>
public sealed class PlanOptions
{
    /// <summary>Gets or sets the number of experts, the proposal's K. Default: 2.</summary>
    [Range(1, 1000)]
    public int ExpertCount { get; set; } = 2;

    /// <summary>Gets or sets how units are divided. Default: spectral.</summary>
    public PartitionStrategy Strategy { get; set; }

    /// <summary>
    /// Gets or sets the classes of each expert, one group for each of <see cref="ExpertCount"/>. Default: null, every
    /// class goes to the
    /// cluster that holds most of its importance, balanced.
    /// </summary>
    public IReadOnlyList<int[]>? ClassGroups { get; set; }

    /// <summary>Gets or sets how wide experts are.</summary>
    public UnitSelectionOptions Widths { get; set; } = new();

    /// <summary>Gets or sets the seed of the partition. Default: 0.</summary>
    public int Seed { get; set; }
}
