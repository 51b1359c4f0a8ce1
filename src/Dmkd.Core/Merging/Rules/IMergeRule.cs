using Dmkd.Core.Modules;

namespace Dmkd.Core.Merging.Rules;

/// <summary>
/// Makes one update of a round's updates (proposal 3.4.2). Implementations hold no state between calls: equal updates in equal
/// order give equal bits.
/// </summary>
public interface IMergeRule
{
    /// <summary>
    /// The rules by name: <c>clipped-2</c> (median norms), <c>trimmed-0.3</c> (fraction), <c>krum-2</c> (faulty nodes) and <c>nnm-0.3</c> (share of
    /// faulty nodes) have a parameter.
    /// </summary>
    static Registry<IMergeRule> Known { get; } = new("merge rule");

    /// <summary>Short name for plans and reports, such as <c>trimmed-0.3</c>; <see cref="Known"/> reads it back.</summary>
    string Name { get; }

    /// <summary>Merges updates.</summary>
    /// <param name="deltasInNodeOrder">At least one update; all of the same names and shapes, float32, finite, ordered by node. Borrowed.</param>
    /// <param name="sampleCounts">Number of training samples behind each update, finite and not negative, not all zero.</param>
    /// <returns>The merged update, owned by the caller.</returns>
    /// <exception cref="ArgumentException">The updates or counts are not as described; the message names the first.</exception>
    MergedUpdate Merge(IReadOnlyList<WeightSet> deltasInNodeOrder, IReadOnlyList<double> sampleCounts);
}
