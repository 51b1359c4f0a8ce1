namespace Dmkd.Grains.Preservation;

/// <summary>A distilled module and how well it does.</summary>
internal sealed record DistilledModule(
    byte[] Weights, double AccuracyBefore, double AccuracyAfter, double EntropySum, long EntropyCount, int Steps, TimeSpan Time);
