using System.Globalization;
using System.Net;
using System.Text;

namespace Dmkd.Experiments.Reports.Html;

/// <summary>Builds one drawing. Colours come from the page's style sheet, so that it follows light, dark and print.</summary>
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
    public Svg Line(double x1, double y1, double x2, double y2, string style) => Add($"<line class=\"{style}\" x1=\"{x1:0.#}\" y1=\"{y1:0.#}\" x2=\"{x2:0.#}\" y2=\"{y2:0.#}\"/>");

    /// <summary>A line through points.</summary>
    public Svg Polyline(IEnumerable<(double X, double Y)> points, string style) =>
        Add($"<polyline class=\"{style}\" points=\"{string.Join(' ', points.Select(point => FormattableString.Invariant($"{point.X:0.#},{point.Y:0.#}")))}\"/>");

    /// <summary>A dot that tells its value when pointed at.</summary>
    public Svg Dot(double x, double y, double radius, string style, string tip) =>
        Add($"<circle class=\"{style}\" cx=\"{x:0.#}\" cy=\"{y:0.#}\" r=\"{radius:0.#}\"><title>{Escape(tip)}</title></circle>");

    /// <summary>A rectangle that tells its value when pointed at.</summary>
    /// <param name="x">Left.</param>
    /// <param name="y">Top.</param>
    /// <param name="width">Width.</param>
    /// <param name="height">Height.</param>
    /// <param name="style">Its class.</param>
    /// <param name="tip">Its value.</param>
    /// <param name="fill">A colour that no scheme changes; null for the class's.</param>
    public Svg Rectangle(double x, double y, double width, double height, string style, string tip, string? fill = null) =>
        Add($"<rect class=\"{style}\"{(fill is null ? "" : $" fill=\"{fill}\"")} x=\"{x:0.#}\" y=\"{y:0.#}\" width=\"{width:0.#}\" height=\"{height:0.#}\"><title>{Escape(tip)}</title></rect>");

    /// <summary>A text.</summary>
    /// <param name="x">Where it is anchored.</param>
    /// <param name="y">Its base line.</param>
    /// <param name="text">The text.</param>
    /// <param name="anchor">start, middle or end.</param>
    /// <param name="style">Its class.</param>
    /// <param name="turned">Whether it reads upwards.</param>
    public Svg Text(double x, double y, string text, string anchor = "start", string style = "t", bool turned = false) =>
        Add($"<text class=\"{style}\" x=\"{x:0.#}\" y=\"{y:0.#}\" text-anchor=\"{anchor}\"{(turned ? FormattableString.Invariant($" transform=\"rotate(-90 {x:0.#} {y:0.#})\"") : "")}>{Escape(text)}</text>");

    /// <summary>The drawing as an element of a page.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"<svg viewBox=\"0 0 {_width:0.#} {_height:0.#}\" style=\"max-width:{_width:0.#}px\" role=\"img\" aria-label=\"{Escape(_title)}\"><title>{Escape(_title)}</title><desc>{Escape(_description)}</desc>{_content}</svg>");

    /// <summary>A text that means itself in HTML.</summary>
    public static string Escape(string text) => WebUtility.HtmlEncode(text);

    private Svg Add(FormattableString element)
    {
        _content.Append(element.ToString(CultureInfo.InvariantCulture));
        return this;
    }
}
