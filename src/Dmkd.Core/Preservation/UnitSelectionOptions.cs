using System.ComponentModel.DataAnnotations;

namespace Dmkd.Core.Preservation;

/// <summary>How wide an expert is, in every unit space, as a fraction of the legacy network's width there (proposal 3.2.2).</summary>
public sealed class UnitSelectionOptions
{
    /// <summary>Gets or sets the least width. Default: 0.25.</summary>
    [Range(0.0, 1.0)]
    public double MinimumWidthFraction { get; set; } = 0.25;

    /// <summary>Gets or sets the most width, at least <see cref="MinimumWidthFraction"/>. Default: 1.</summary>
    [Range(0.0, 1.0)]
    public double MaximumWidthFraction { get; set; } = 1;

    /// <summary>
    /// Gets or sets the most multiply-adds of an expert as a share of the legacy network's: every space is then cut to the same
    /// fraction of its width, a residual stream to one and a half times that, the largest fractions that keep to it. Default: null,
    /// the widths are what the cluster owns.
    /// </summary>
    [Range(0.0, 1.0)]
    public double? MultiplyAddsShare { get; set; }
}
