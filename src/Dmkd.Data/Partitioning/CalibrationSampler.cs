using Dmkd.Core;

namespace Dmkd.Data.Partitioning;

/// <summary>Chooses the few samples that calibrate a preserved module's routing.</summary>
public static class CalibrationSampler
{
    /// <summary>Takes the same number of random samples from every class; the same seed takes the same samples.</summary>
    /// <param name="labels">Class of each sample, at least 0, shape [samples]. Borrowed.</param>
    /// <param name="perClass">Samples a class, at least 1; a class that has fewer gives all it has.</param>
    /// <param name="seed">Seed of the choice.</param>
    /// <returns>Ascending positions in <paramref name="labels"/>, owned by the caller.</returns>
    /// <exception cref="ArgumentException">A label is negative, or <paramref name="perClass"/> is less than 1.</exception>
    public static int[] Sample(ReadOnlySpan<int> labels, int perClass, int seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(perClass, 1);
        int[] sample = [.. ClassIndex.Group(labels).SelectMany(
            (positions, label) => ClassIndex.Pick(positions, perClass, SeedSequence.Derive(seed, SeedPurpose.CalibrationImages, label)))];
        Array.Sort(sample);
        return sample;
    }
}
