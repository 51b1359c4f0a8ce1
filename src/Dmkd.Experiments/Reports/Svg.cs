using System.Globalization;
using System.Net;
using System.Text;

namespace Dmkd.Experiments.Reports;

/// <summary>
/// Builds one drawing. Colours come from the page's style sheet, so that it follows light, dark and print.
/// </summary>
internal sealed class Svg
{
    private readonly StringBuilder _content = new();
    private readonly double _width;
    private readonly double _height;
    private readonly string _title;
    private readonly string _description;

    /// <summary>Starts a drawing.</summary>
    /// <param name="width">Width in user units; text is 12 of them high.</param>
    /// <param name="height">Height.</param>
    /// <param name="title">What it shows.</param>
    /// <param name="description">What one would tell a person who cannot see it.</param>
    public Svg(double width, double height, string title, string description)
    {
        _width = width;
        _height = height;
        _title = title;
        _description = description;
    }

    /// <summary>A line from one point to another.</summary>
    public Svg Line(double x1, double y1, double x2, double y2, string style) =>
        Add($"<line class=\"{style}\" x1=\"{x1:0.#}\" y1=\"{y1:0.#}\" x2=\"{x2:0.#}\" y2=\"{y2:0.#}\"/>");

    /// <summary>A line through points.</summary>
    public Svg Polyline(IEnumerable<(double X, double Y)> points, string style)
    {
        var places = points.Select(point => FormattableString.Invariant($"{point.X:0.#},{point.Y:0.#}"));
        return Add($"<polyline class=\"{style}\" points=\"{string.Join(' ', places)}\"/>");
    }

    /// <summary>A dot that tells its value when pointed at.</summary>
    public Svg Dot(double x, double y, double radius, string style, string tip) =>
        Add(
            $"<circle class=\"{style}\" cx=\"{x:0.#}\" cy=\"{y:0.#}\" r=\"{radius:0.#}\"><title>{Escape(tip)}</title></circle>"
        );

    /// <summary>A rectangle that tells its value when pointed at.</summary>
    /// <param name="x">Left.</param>
    /// <param name="y">Top.</param>
    /// <param name="width">Width.</param>
    /// <param name="height">Height.</param>
    /// <param name="style">Its class.</param>
    /// <param name="tip">Its value.</param>
    /// <param name="fill">A colour that no scheme changes; null for the class's.</param>
    public Svg Rectangle(double x, double y, double width, double height, string style, string tip, string? fill = null)
    {
        string filled = fill is null ? "" : $" fill=\"{fill}\"";
        string place = FormattableString.Invariant(
            $"x=\"{x:0.#}\" y=\"{y:0.#}\" width=\"{width:0.#}\" height=\"{height:0.#}\""
        );
        return Add($"<rect class=\"{style}\"{filled} {place}><title>{Escape(tip)}</title></rect>");
    }

    /// <summary>A text.</summary>
    /// <param name="x">Where it is anchored.</param>
    /// <param name="y">Its base line.</param>
    /// <param name="text">The text.</param>
    /// <param name="anchor">start, middle or end.</param>
    /// <param name="style">Its class.</param>
    /// <param name="turned">Whether it reads upwards.</param>
    public Svg Text(double x, double y, string text, string anchor = "start", string style = "t", bool turned = false)
    {
        string turn = turned ? FormattableString.Invariant($" transform=\"rotate(-90 {x:0.#} {y:0.#})\"") : "";
        return Add(
            $"<text class=\"{style}\" x=\"{x:0.#}\" y=\"{y:0.#}\" text-anchor=\"{anchor}\"{turn}>{Escape(text)}</text>"
        );
    }

    /// <summary>The drawing as an element of a page.</summary>
    public override string ToString() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"<svg viewBox=\"0 0 {_width:0.#} {_height:0.#}\" style=\"max-width:{_width:0.#}px\" role=\"img\" "
                + $"aria-label=\"{Escape(_title)}\"><title>{Escape(_title)}</title>"
                + $"<desc>{Escape(_description)}</desc>{_content}</svg>"
        );

    /// <summary>A text that means itself in HTML.</summary>
    public static string Escape(string text) => WebUtility.HtmlEncode(text);

    private Svg Add(FormattableString element)
    {
        _content.Append(element.ToString(CultureInfo.InvariantCulture));
        return this;
    }
}

/// <summary>Room for labels beside a drawing, and between them.</summary>
internal static class LabelColumn
{
    private const int MaxLetters = 28;
    private const double LetterWidth = 7.4; // of bold text, at most on average

    /// <summary>A label that is not too long: its end is cut off.</summary>
    public static string Short(string label) => label.Length <= MaxLetters ? label : $"{label[..(MaxLetters - 1)]}…";

    /// <summary>Room that labels need.</summary>
    /// <param name="labels">The labels, at least one; they are drawn short.</param>
    /// <param name="least">Room that there is in any case.</param>
    public static double WidthOf(IEnumerable<string> labels, double least) =>
        Math.Max(least, LetterWidth * labels.Max(label => Short(label).Length));

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

/// <summary>Places numbers on a line of a drawing.</summary>
internal sealed class Axis
{
    private readonly double _low;
    private readonly double _high;
    private readonly double _start;
    private readonly double _end;
    private readonly bool _logarithmic;

    private Axis(double low, double high, double start, double end, bool logarithmic)
    {
        _low = low;
        _high = high;
        _start = start;
        _end = end;
        _logarithmic = logarithmic;
    }

    /// <summary>Numbers to write beside it.</summary>
    public IReadOnlyList<double> Ticks => _logarithmic ? Powers() : Steps();

    /// <summary>Evenly from 0 to at least a value, rounded up.</summary>
    /// <param name="largest">The value.</param>
    /// <param name="start">Place of 0.</param>
    /// <param name="end">Place of the largest.</param>
    public static Axis FromZero(double largest, double start, double end)
    {
        double step = StepOf(Math.Max(largest, 0.01));
        return new Axis(0, step * Math.Ceiling(Math.Max(largest, 0.01) / step - 1e-9), start, end, false);
    }

    /// <summary>By powers of ten around positive values.</summary>
    /// <param name="values">At least one.</param>
    /// <param name="start">Place of the smallest power.</param>
    /// <param name="end">Place of the largest.</param>
    public static Axis Logarithmic(IReadOnlyCollection<double> values, double start, double end)
    {
        double low = Math.Floor(Math.Log10(values.Min()) + 1e-9),
            high = Math.Ceiling(Math.Log10(values.Max()) - 1e-9);
        return new Axis(low, high > low ? high : low + 1, start, end, true);
    }

    /// <summary>Place of a number.</summary>
    public double PlaceOf(double value) =>
        _start + ((_logarithmic ? Math.Log10(value) : value) - _low) / (_high - _low) * (_end - _start);

    private double[] Steps()
    {
        double step = StepOf(_high);
        return [.. Enumerable.Range(0, (int)Math.Round(_high / step) + 1).Select(i => i * step)];
    }

    private double[] Powers() =>
        [.. Enumerable.Range((int)_low, (int)(_high - _low) + 1).Select(power => Math.Pow(10, power))];

    /// <summary>1, 2 or 5 times a power of ten, so that there are about five steps.</summary>
    private static double StepOf(double largest)
    {
        double rough = largest / 5,
            power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        return new[] { 1.0, 2, 5, 10 }.First(factor => factor * power >= rough - 1e-12) * power;
    }
}

/// <summary>Where a chart's data are drawn.</summary>
/// <param name="Left">Left edge.</param>
/// <param name="Right">Right edge.</param>
/// <param name="Top">Upper edge.</param>
/// <param name="Bottom">Lower edge.</param>
internal sealed record ChartArea(double Left, double Right, double Top, double Bottom);

/// <summary>What lies behind the data of a chart: grid lines, and the names of the axes.</summary>
internal static class ChartFrame
{
    private const double TitleDrop = 40,
        TitleShift = 38;

    /// <summary>Draws it.</summary>
    /// <param name="drawing">Receives it.</param>
    /// <param name="area">Where the data are drawn.</param>
    /// <param name="vertical">The vertical axis, of shares of 1.</param>
    /// <param name="verticalTitle">Its title.</param>
    /// <param name="horizontalTitle">That of the horizontal axis.</param>
    public static void Draw(Svg drawing, ChartArea area, Axis vertical, string verticalTitle, string horizontalTitle)
    {
        foreach (double tick in vertical.Ticks)
        {
            double y = vertical.PlaceOf(tick);
            drawing.Line(area.Left, y, area.Right, y, tick == 0 ? "axis" : "grid");
            drawing.Text(
                area.Left - 8,
                y + 4,
                (100 * tick).ToString("0.##", CultureInfo.InvariantCulture),
                "end",
                "t tick"
            );
        }

        drawing.Text(
            area.Left - TitleShift,
            (area.Top + area.Bottom) / 2,
            verticalTitle,
            "middle",
            "t title",
            turned: true
        );
        drawing.Text((area.Left + area.Right) / 2, area.Bottom + TitleDrop, horizontalTitle, "middle", "t title");
    }
}
