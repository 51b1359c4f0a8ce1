using System.Globalization;

namespace Dmkd.Experiments.Reports.Html;

/// <summary>What lies behind the data of a chart: grid lines, and the names of the axes.</summary>
internal static class ChartFrame
{
    private const double TitleDrop = 40, TitleShift = 38;

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
            drawing.Text(area.Left - 8, y + 4, (100 * tick).ToString("0.##", CultureInfo.InvariantCulture), "end", "t tick");
        }

        drawing.Text(area.Left - TitleShift, (area.Top + area.Bottom) / 2, verticalTitle, "middle", "t title", turned: true);
        drawing.Text((area.Left + area.Right) / 2, area.Bottom + TitleDrop, horizontalTitle, "middle", "t title");
    }
}
