namespace Dmkd.Experiments.Reports;

/// <summary>Curves with standard deviations as bars, each with its name at its end.</summary>
internal static class LineChart
{
    private const double Width = 560,
        Height = 330,
        Left = 52,
        MinRoom = 112,
        Top = 14,
        Bottom = 282;
    private const double LabelGap = 14,
        Cap = 3,
        WidestDodge = 14,
        Dodge = 3;

    /// <summary>Draws shares of 1, in percent.</summary>
    /// <param name="title">What it shows.</param>
    /// <param name="horizontal">Title of the horizontal axis.</param>
    /// <param name="places">Names of the places on it, evenly spaced.</param>
    /// <param name="series">The curves.</param>
    public static string Draw(
        string title,
        string horizontal,
        IReadOnlyList<string> places,
        IReadOnlyList<Series> series
    )
    {
        double right = Width - 18 - LabelColumn.WidthOf(series.Select(one => one.Label), MinRoom);
        var drawing = new Svg(Width, Height, title, Describe(horizontal, places, series));
        double largest = series
            .SelectMany(one => one.Points)
            .OfType<SampleSummary>()
            .Select(point => point.Mean + (point.Deviation ?? 0))
            .DefaultIfEmpty(1)
            .Max();
        var vertical = Axis.FromZero(Math.Min(largest, 1), Bottom, Top);
        ChartFrame.Draw(drawing, new ChartArea(Left, right, Top, Bottom), vertical, "accuracy, %", horizontal);
        for (int i = 0; i < places.Count; i++)
            drawing.Text(X(i, places.Count, right), Bottom + 16, places[i], "middle", "t tick");
        // The reference is drawn last: on top.
        double dodge = Math.Min(Dodge, WidestDodge / Math.Max(1, series.Count - 1)); // bars side by side
        foreach (var (one, index) in series.Select((one, index) => (one, index)).Reverse())
            DrawSeries(drawing, one, dodge * (index - (series.Count - 1) / 2.0), places, vertical, right);
        DrawLabels(drawing, series, places.Count, vertical, right);
        return drawing.ToString();
    }

    private static void DrawSeries(
        Svg drawing,
        Series series,
        double offset,
        IReadOnlyList<string> places,
        Axis vertical,
        double right
    )
    {
        var points = series
            .Points.Select((point, place) => (X: X(place, places.Count, right) + offset, Point: point, Place: place))
            .Where(entry => entry.Point is not null)
            .ToArray();
        drawing.Polyline(
            points.Select(entry => (entry.X, vertical.PlaceOf(entry.Point!.Mean))),
            $"line {series.Colour} {series.Dashes}{(series.Style == 0 ? " main" : "")}"
        );
        foreach (var (x, point, place) in points)
        {
            if (point!.Deviation is { } deviation)
            {
                double high = vertical.PlaceOf(Math.Min(point.Mean + deviation, 1)),
                    low = vertical.PlaceOf(Math.Max(point.Mean - deviation, 0));
                drawing
                    .Line(x, high, x, low, $"bar {series.Colour}")
                    .Line(x - Cap, high, x + Cap, high, $"bar {series.Colour}")
                    .Line(x - Cap, low, x + Cap, low, $"bar {series.Colour}");
            }

            drawing.Dot(
                x,
                vertical.PlaceOf(point.Mean),
                series.Style == 0 ? 3.6 : 2.8,
                $"dot {series.Colour}",
                $"{series.Label}, {places[place]}: {Numbers.MeanAndDeviation(point, Measure.Percent)} %"
            );
        }
    }

    private static void DrawLabels(Svg drawing, IReadOnlyList<Series> series, int places, Axis vertical, double right)
    {
        var ends = series
            .Select(one =>
                (
                    Series: one,
                    Last: one.Points.Select((point, place) => (point, place))
                        .LastOrDefault(entry => entry.point is not null)
                )
            )
            .Where(entry => entry.Last.point is not null)
            .ToArray();
        double[] rows = LabelColumn.Spread(
            [.. ends.Select(end => vertical.PlaceOf(end.Last.point!.Mean))],
            LabelGap,
            Top,
            Bottom
        );
        for (int i = 0; i < ends.Length; i++)
        {
            double from = X(ends[i].Last.place, places, right) + 8;
            drawing.Line(from, vertical.PlaceOf(ends[i].Last.point!.Mean), right + 10, rows[i], "leader");
            drawing.Text(
                right + 14,
                rows[i] + 4,
                LabelColumn.Short(ends[i].Series.Label),
                "start",
                $"t label {ends[i].Series.Colour}{(ends[i].Series.Style == 0 ? " main" : "")}"
            );
        }
    }

    /// <summary>Half a step of room on both sides.</summary>
    private static double X(int place, int count, double right) => Left + (place + 0.5) / count * (right - Left);

    private static string Describe(string horizontal, IReadOnlyList<string> places, IReadOnlyList<Series> series) =>
        $"By {horizontal}. " + string.Join(" ", series.Select(one => $"{one.Label}: {Describe(places, one.Points)}."));

    private static string Describe(IReadOnlyList<string> places, IReadOnlyList<SampleSummary?> points) =>
        string.Join(
            ", ",
            points.Select(
                (point, place) =>
                    point is null
                        ? $"{places[place]} nothing"
                        : $"{places[place]} {Numbers.MeanAndDeviation(point, Measure.Percent)} %"
            )
        );
}

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
