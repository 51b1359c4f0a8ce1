namespace Dmkd.Core.Merging.Rules;

/// <summary>
/// The median of few numbers; of an even number of them the lower of the two in the middle, which up to half of the nodes
/// cannot push above what the others sent.
/// </summary>
internal static class LowerMedian
{
    /// <summary>The median.</summary>
    /// <param name="values">At least one, none NaN.</param>
    public static double Of(IReadOnlyCollection<double> values) => values.Order().ElementAt((values.Count - 1) / 2);
}
