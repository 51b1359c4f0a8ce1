using Dmkd.Core.Modules;

namespace Dmkd.Core.Merging.Rules;

/// <summary>What every rule asks of its arguments.</summary>
internal static class MergeInputs
{
    /// <summary>Checks updates and sample counts.</summary>
    /// <exception cref="ArgumentException">No update, updates that differ in names or shapes, or counts as for <see cref="RequireCounts"/>.</exception>
    public static void Require(IReadOnlyList<WeightSet> deltas, IReadOnlyList<double> sampleCounts)
    {
        ArgumentNullException.ThrowIfNull(deltas);
        RequireCounts(deltas.Count, sampleCounts);
        for (int i = 1; i < deltas.Count; i++) WeightSchema.RequireSame(deltas[0], deltas[i], $"delta {i}");
    }

    /// <summary>Checks sample counts.</summary>
    /// <exception cref="ArgumentException">Not one per update, or not finite, not negative and not all zero.</exception>
    public static void RequireCounts(int updates, IReadOnlyList<double> sampleCounts)
    {
        ArgumentNullException.ThrowIfNull(sampleCounts);
        if (updates == 0) throw new ArgumentException("A merge needs at least one update.", nameof(updates));
        if (sampleCounts.Count != updates)
            throw new ArgumentException($"{updates} updates need as many sample counts or weights, not {sampleCounts.Count}.", nameof(sampleCounts));
        foreach (double count in sampleCounts)
            if (!double.IsFinite(count) || count < 0)
                throw new ArgumentException($"A sample count or weight must be finite and not negative; one is {count}.", nameof(sampleCounts));
        double total = sampleCounts.Sum();
        if (!(total > 0 && double.IsFinite(total)))
            throw new ArgumentException($"The sum of the sample counts or weights must be positive and finite; it is {total}.", nameof(sampleCounts));
    }
}
