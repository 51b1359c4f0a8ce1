using System.ComponentModel.DataAnnotations;

namespace Dmkd.Core.Distillation;

/// <summary>How a student is fine-tuned on its teacher's outputs (proposal 3.2.4).</summary>
public sealed class DistillationOptions
{
    /// <summary>Gets or sets the passes over the inputs. Default: 5.</summary>
    [Range(1, 10_000)]
    public int Epochs { get; set; } = 5;

    /// <summary>Gets or sets the inputs per step. Default: 64.</summary>
    [Range(2, 65_536)]
    public int BatchSize { get; set; } = 64;

    /// <summary>Gets or sets the learning rate of Adam. Default: 0.001.</summary>
    [Range(1e-8, 10.0)]
    public double LearningRate { get; set; } = 1e-3;

    /// <summary>Gets or sets the temperature that softens both distributions. Default: 1, the proposal's.</summary>
    [Range(0.01, 100.0)]
    public double Temperature { get; set; } = 1;

    /// <summary>Gets or sets whether the learning rate falls to 0 by half a cosine over all steps. Default: false, it stays.</summary>
    public bool Anneal { get; set; }
}
