namespace Dmkd.Experiments.Reports.Html;

/// <summary>A line of a chart.</summary>
/// <param name="Label">Its name.</param>
/// <param name="Style">Its number among the styles; 0 stands out.</param>
/// <param name="Points">Its values by place on the horizontal axis; null where there is none.</param>
internal sealed record Series(string Label, int Style, IReadOnlyList<SampleSummary?> Points)
{
    private const int StyleCount = 12;

    /// <summary>Class of its colour.</summary>
    public string Colour => $"c{Style % StyleCount}";

    /// <summary>Class of its dashes, so that colour is not all there is.</summary>
    public string Dashes => $"d{Style % 4}";
}
