namespace Dmkd.Experiments.Reports.Html;

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
        double low = Math.Floor(Math.Log10(values.Min()) + 1e-9), high = Math.Ceiling(Math.Log10(values.Max()) - 1e-9);
        return new Axis(low, high > low ? high : low + 1, start, end, true);
    }

    /// <summary>Place of a number.</summary>
    public double PlaceOf(double value) => _start + ((_logarithmic ? Math.Log10(value) : value) - _low) / (_high - _low) * (_end - _start);

    private double[] Steps()
    {
        double step = StepOf(_high);
        return [.. Enumerable.Range(0, (int)Math.Round(_high / step) + 1).Select(i => i * step)];
    }

    private double[] Powers() => [.. Enumerable.Range((int)_low, (int)(_high - _low) + 1).Select(power => Math.Pow(10, power))];

    /// <summary>1, 2 or 5 times a power of ten, so that there are about five steps.</summary>
    private static double StepOf(double largest)
    {
        double rough = largest / 5, power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        return new[] { 1.0, 2, 5, 10 }.First(factor => factor * power >= rough - 1e-12) * power;
    }
}
