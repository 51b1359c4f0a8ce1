namespace Dmkd.Experiments.Running;

/// <summary>Training images that are held out to choose by.</summary>
/// <param name="Share">Share of each class.</param>
/// <param name="Seed">Seed of the draw.</param>
public sealed record HeldOutImages(double Share, int Seed);
