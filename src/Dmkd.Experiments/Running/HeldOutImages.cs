namespace Dmkd.Experiments.Running;

/// <summary>Training images that are held out to choose by.</summary>
/// <param name="Share">Share of each class.</param>
/// <param name="Seed">Seed of the draw.</param>
/// <param name="TrainPerClass">Images per class that are trained on at most; null for all others.</param>
public sealed record HeldOutImages(double Share, int Seed, int? TrainPerClass = null);
