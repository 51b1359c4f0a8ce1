using Dmkd.Core.Tensors;

namespace Dmkd.Core.Merging.Rules;

/// <summary>
/// Makes one update of a round's updates (proposal 3.4.2). Implementations hold no state between calls: equal updates
/// in equal order give equal bits.
/// </summary>
public interface IMergeRule
{
    /// <summary>
    /// The rules by name: <c>clipped-2</c> (median norms), <c>trimmed-0.3</c> (fraction), <c>krum-2</c> (faulty nodes)
    /// and <c>nnm-0.3</c> (share of faulty nodes) have a parameter.
    /// </summary>
    static Registry<IMergeRule> Known { get; } = new("merge rule");

    /// <summary>
    /// Short name for plans and reports, such as <c>trimmed-0.3</c>; <see cref="Known"/> reads it back.
    /// </summary>
    string Name { get; }

    /// <summary>Merges updates.</summary>
    /// <param name="deltasInNodeOrder">At least one update; all of the same names and shapes, float32, finite, ordered
    /// by node. Borrowed.</param>
    /// <param name="sampleCounts">Number of training samples behind each update, finite and not negative, not all
    /// zero.</param>
    /// <returns>The merged update, owned by the caller.</returns>
    /// <exception cref="ArgumentException">The updates or counts are not as described; the message names the
    /// first.</exception>
    MergedUpdate Merge(IReadOnlyList<WeightSet> deltasInNodeOrder, IReadOnlyList<double> sampleCounts);
}

/// <summary>What every rule asks of its arguments.</summary>
internal static class MergeInputs
{
    /// <summary>Checks updates and sample counts.</summary>
    /// <exception cref="ArgumentException">No update, updates that differ in names or shapes, or counts as for
    /// <see cref="RequireCounts"/>.</exception>
    public static void Require(IReadOnlyList<WeightSet> deltas, IReadOnlyList<double> sampleCounts)
    {
        ArgumentNullException.ThrowIfNull(deltas);
        RequireCounts(deltas.Count, sampleCounts);
        for (int i = 1; i < deltas.Count; i++)
            WeightSchema.RequireSame(deltas[0], deltas[i], $"delta {i}");
    }

    /// <summary>Checks sample counts.</summary>
    /// <exception cref="ArgumentException">Not one per update, or not finite, not negative and not all
    /// zero.</exception>
    public static void RequireCounts(int updates, IReadOnlyList<double> sampleCounts)
    {
        ArgumentNullException.ThrowIfNull(sampleCounts);
        if (updates == 0)
            throw new ArgumentException("A merge needs at least one update.", nameof(updates));
        if (sampleCounts.Count != updates)
            throw new ArgumentException(
                $"{updates} updates need as many sample counts or weights, not {sampleCounts.Count}.",
                nameof(sampleCounts)
            );
        foreach (double count in sampleCounts)
            if (!double.IsFinite(count) || count < 0)
                throw new ArgumentException(
                    $"A sample count or weight must be finite and not negative; one is {count}.",
                    nameof(sampleCounts)
                );
        double total = sampleCounts.Sum();
        if (!(total > 0 && double.IsFinite(total)))
            throw new ArgumentException(
                $"The sum of the sample counts or weights must be positive and finite; it is {total}.",
                nameof(sampleCounts)
            );
    }
}

/// <summary>What a merge rule made of a round's updates. Owns its tensors.</summary>
/// <param name="Update">In the first update's order. Float64, so that adding it to the base rounds once.</param>
/// <param name="AcceptedWeights">
/// Each contributor's part in the update, in the contributors' order: in [0, 1], 0 for one that was left out. They sum
/// to 1, or to 0 when nothing was left of any.
/// </param>
public sealed record MergedUpdate(WeightSet Update, IReadOnlyList<double> AcceptedWeights) : IDisposable
{
    /// <summary>Disposes the tensors.</summary>
    public void Dispose() => Update.Dispose();

    /// <summary>Divides parts by their sum.</summary>
    internal static IReadOnlyList<double> Normalise(IReadOnlyList<double> parts)
    {
        double total = parts.Sum();
        return [.. parts.Select(part => total > 0 ? part / total : 0)];
    }
}
