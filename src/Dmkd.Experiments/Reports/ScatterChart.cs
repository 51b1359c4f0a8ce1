namespace Dmkd.Experiments.Reports;

/// <summary>Accuracy against a cost, by powers of ten; one point per method.</summary>
internal static class ScatterChart
{
    private const double Width = 560,
        Height = 330,
        Left = 52,
        MinRoom = 112,
        Top = 14,
        Bottom = 282;
    private const double LabelGap = 14,
        Cap = 3;

    /// <summary>A method.</summary>
    /// <param name="Label">Its name.</param>
    /// <param name="Style">Its number among the styles.</param>
    /// <param name="Cost">Above 0.</param>
    /// <param name="Accuracy">A share of 1.</param>
    public sealed record Point(string Label, int Style, double Cost, SampleSummary Accuracy);

    /// <summary>Draws it.</summary>
    /// <param name="title">What it shows.</param>
    /// <param name="measure">The cost.</param>
    /// <param name="points">The methods, at least one.</param>
    public static string Draw(string title, Measure measure, IReadOnlyList<Point> points)
    {
        double right = Width - 18 - LabelColumn.WidthOf(points.Select(point => point.Label), MinRoom);
        var drawing = new Svg(
            Width,
            Height,
            title,
            string.Join(" ", points.Select(point => Tip(point, measure) + "."))
        );
        var horizontal = Axis.Logarithmic([.. points.Select(point => point.Cost)], Left + 12, right - 12);
        var vertical = Axis.FromZero(
            Math.Min(1, points.Max(point => point.Accuracy.Mean + (point.Accuracy.Deviation ?? 0))),
            Bottom,
            Top
        );
        ChartFrame.Draw(
            drawing,
            new ChartArea(Left, right, Top, Bottom),
            vertical,
            "class-incremental accuracy, %",
            measure.Title
        );
        foreach (double tick in horizontal.Ticks)
        {
            drawing.Line(horizontal.PlaceOf(tick), Top, horizontal.PlaceOf(tick), Bottom, "grid");
            drawing.Text(horizontal.PlaceOf(tick), Bottom + 16, measure.Text(tick), "middle", "t tick");
        }

        double[] rows = LabelColumn.Spread(
            [.. points.Select(point => vertical.PlaceOf(point.Accuracy.Mean))],
            LabelGap,
            Top,
            Bottom
        );
        for (int i = 0; i < points.Count; i++)
            DrawLabel(drawing, points[i], horizontal, vertical, right, rows[i]);
        foreach (var point in points)
            DrawPoint(drawing, point, horizontal, vertical, Tip(point, measure));
        return drawing.ToString();
    }

    private static void DrawLabel(Svg drawing, Point point, Axis horizontal, Axis vertical, double right, double row) =>
        drawing
            .Line(horizontal.PlaceOf(point.Cost) + 6, vertical.PlaceOf(point.Accuracy.Mean), right + 10, row, "leader")
            .Text(
                right + 14,
                row + 4,
                LabelColumn.Short(point.Label),
                "start",
                $"t label c{point.Style % 12}{(point.Style == 0 ? " main" : "")}"
            );

    private static void DrawPoint(Svg drawing, Point point, Axis horizontal, Axis vertical, string tip)
    {
        double x = horizontal.PlaceOf(point.Cost),
            y = vertical.PlaceOf(point.Accuracy.Mean);
        string colour = $"c{point.Style % 12}";
        if (point.Accuracy.Deviation is { } deviation)
        {
            double high = vertical.PlaceOf(Math.Min(point.Accuracy.Mean + deviation, 1)),
                low = vertical.PlaceOf(Math.Max(point.Accuracy.Mean - deviation, 0));
            drawing
                .Line(x, high, x, low, $"bar {colour}")
                .Line(x - Cap, high, x + Cap, high, $"bar {colour}")
                .Line(x - Cap, low, x + Cap, low, $"bar {colour}");
        }

        drawing.Dot(x, y, point.Style == 0 ? 5 : 4, $"dot {colour}", tip);
    }

    private static string Tip(Point point, Measure measure) =>
        $"{point.Label}: {measure.Text(point.Cost)}, {Numbers.MeanAndDeviation(point.Accuracy, Measure.Percent)} %";
}
