namespace Dmkd.Experiments.Running;

/// <summary>What a cell is for.</summary>
public enum CellStage
{
    /// <summary>A learning rate is tried on held-out training images.</summary>
    Search = 0,

    /// <summary>A result is measured on the test images.</summary>
    Measure = 1,
}
