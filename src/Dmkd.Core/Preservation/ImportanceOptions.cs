using System.ComponentModel.DataAnnotations;

namespace Dmkd.Core.Preservation;

/// <summary>How importance is measured (proposal 3.2.1).</summary>
public sealed class ImportanceOptions
{
    /// <summary>Gets or sets the inputs per mini-batch: one absolute gradient is taken per batch. Default: 64.</summary>
    [Range(1, 65_536)]
    public int BatchSize { get; set; } = 64;
}
