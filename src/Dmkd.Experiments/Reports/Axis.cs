using System.Globalization;

namespace Dmkd.Experiments.Reports;

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
