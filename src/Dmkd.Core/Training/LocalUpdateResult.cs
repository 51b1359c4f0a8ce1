namespace Dmkd.Core.Training;

/// <summary>What one local update did.</summary>
/// <param name="SampleCount">Images in the node's data for the module.</param>
/// <param name="Steps">Optimizer steps taken.</param>
/// <param name="MeanLoss">Mean training loss of the last epoch.</param>
public sealed record LocalUpdateResult(long SampleCount, int Steps, double MeanLoss);
