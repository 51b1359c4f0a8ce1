namespace Dmkd.Experiments.Reports.Html;

/// <summary>Room for labels beside a drawing, and between them.</summary>
internal static class LabelColumn
{
    private const int MostLetters = 28;
    private const double LetterWidth = 7.4; // of bold text, at most on average

    /// <summary>A label that is not too long: its end is cut off.</summary>
    public static string Short(string label) => label.Length <= MostLetters ? label : $"{label[..(MostLetters - 1)]}…";

    /// <summary>Room that labels need.</summary>
    /// <param name="labels">The labels, at least one; they are drawn short.</param>
    /// <param name="least">Room that there is in any case.</param>
    public static double WidthOf(IEnumerable<string> labels, double least) => Math.Max(least, LetterWidth * labels.Max(label => Short(label).Length));

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
