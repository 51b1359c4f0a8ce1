namespace Dmkd.Experiments.Reports;

/// <summary>One bar per method, with its standard deviation.</summary>
internal static class BarChart
{
    private const double Width = 560,
        MinRoom = 134,
        Right = 470,
        Row = 24,
        Top = 8,
        Thickness = 14,
        Cap = 4;

    /// <summary>Draws shares of 1, in percent.</summary>
    /// <param name="title">What it shows.</param>
    /// <param name="bars">Name, style and value of each.</param>
    public static string Draw(string title, IReadOnlyList<(string Label, int Style, SampleSummary Value)> bars)
    {
        double bottom = Top + Row * bars.Count,
            left = 16 + LabelColumn.WidthOf(bars.Select(bar => bar.Label), MinRoom);
        var drawing = new Svg(
            Width,
            bottom + 26,
            title,
            string.Join(
                " ",
                bars.Select(bar => $"{bar.Label}: {Numbers.MeanAndDeviation(bar.Value, Measure.Percent)} %.")
            )
        );
        var axis = Axis.FromZero(
            Math.Min(1, bars.Max(bar => bar.Value.Mean + (bar.Value.Deviation ?? 0))),
            left,
            Right
        );
        foreach (double tick in axis.Ticks)
        {
            drawing.Line(axis.PlaceOf(tick), Top, axis.PlaceOf(tick), bottom, tick == 0 ? "axis" : "grid");
            drawing.Text(axis.PlaceOf(tick), bottom + 16, Measure.Percent(tick), "middle", "t tick");
        }

        for (int i = 0; i < bars.Count; i++)
            DrawBar(drawing, axis, bars[i], left, Top + Row * (i + 0.5));
        return drawing.ToString();
    }

    private static void DrawBar(
        Svg drawing,
        Axis axis,
        (string Label, int Style, SampleSummary Value) bar,
        double left,
        double middle
    )
    {
        string colour = $"c{bar.Style % 12}",
            text = $"{Numbers.MeanAndDeviation(bar.Value, Measure.Percent)} %";
        double end = axis.PlaceOf(bar.Value.Mean),
            reach = end;
        drawing.Text(
            left - 8,
            middle + 4,
            LabelColumn.Short(bar.Label),
            "end",
            $"t label {colour}{(bar.Style == 0 ? " main" : "")}"
        );
        drawing.Rectangle(
            left,
            middle - Thickness / 2,
            Math.Max(0, end - left),
            Thickness,
            $"area {colour}",
            $"{bar.Label}: {text}"
        );
        if (bar.Value.Deviation is { } deviation)
        {
            double low = axis.PlaceOf(Math.Max(0, bar.Value.Mean - deviation)),
                high = axis.PlaceOf(Math.Min(1, bar.Value.Mean + deviation));
            drawing
                .Line(low, middle, high, middle, "whisker")
                .Line(low, middle - Cap, low, middle + Cap, "whisker")
                .Line(high, middle - Cap, high, middle + Cap, "whisker");
            reach = high;
        }

        drawing.Text(reach + 8, middle + 4, text, "start", "t tick");
    }
}
