namespace Dmkd.Experiments.Plans;

/// <summary>Grid search for each method's learning rate, on images held out of the training data; test images are never looked at.</summary>
/// <param name="Rates">The grid.</param>
/// <param name="ValidationShare">Share of each class's training images that is held out, in (0, 0.5].</param>
/// <param name="Seed">Seed of the search, and of what is held out.</param>
public sealed record LearningRateSearch(IReadOnlyList<double> Rates, double ValidationShare, int Seed);
