namespace Dmkd.Experiments.Reports.Html;

/// <summary>Keeps labels beside a drawing apart.</summary>
internal static class LabelColumn
{
    /// <summary>Moves places as little as it takes to have a gap between any two.</summary>
    /// <param name="wanted">Where the labels want to be.</param>
    /// <param name="gap">The gap.</param>
    /// <param name="top">Smallest place.</param>
    /// <param name="bottom">Largest place; when there are too many labels, they reach beyond it.</param>
    /// <returns>Their places, in the order given.</returns>
    public static double[] Spread(IReadOnlyList<double> wanted, double gap, double top, double bottom)
    {
        int[] order = [.. Enumerable.Range(0, wanted.Count).OrderBy(i => wanted[i])];
        double[] places = new double[wanted.Count];
        double free = top;
        foreach (int i in order)
        {
            places[i] = Math.Max(wanted[i], free);
            free = places[i] + gap;
        }

        double most = Math.Max(bottom, top + gap * (wanted.Count - 1));
        foreach (int i in order.Reverse())
        {
            places[i] = Math.Min(places[i], most);
            most = places[i] - gap;
        }

        return places;
    }
}
