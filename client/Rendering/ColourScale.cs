using System.Globalization;
using SkiaSharp;

namespace Dmkd.Client.Rendering;

/// <summary>
/// Colours for numbers of at least 0, from pale yellow to dark blue; what is 0 on a logarithmic scale has no place on
/// it and is white.
/// </summary>
internal sealed class ColourScale
{
    // Brewer's YlGnBu: readable in grey and by the colour-blind.
    private static readonly SKColor[] Palette =
    [
        new(255, 255, 217),
        new(237, 248, 177),
        new(199, 233, 180),
        new(127, 205, 187),
        new(65, 182, 196),
        new(29, 145, 192),
        new(34, 94, 168),
        new(37, 52, 148),
        new(8, 29, 88),
    ];

    private readonly bool _logarithmic;

    private ColourScale(double low, double high, bool logarithmic)
    {
        Low = low;
        High = high;
        _logarithmic = logarithmic;
    }

    /// <summary>The colours, evenly spaced from low to high.</summary>
    public static IReadOnlyList<SKColor> Steps => Palette;

    /// <summary>Value of the palest colour; smaller ones have it too.</summary>
    public double Low { get; }

    /// <summary>Value of the darkest colour.</summary>
    public double High { get; }

    /// <summary>From 0 to the largest value.</summary>
    public static ColourScale Linear(double largest) => new(0, largest > 0 ? largest : 1, false);

    /// <summary>
    /// By powers of ten from the smallest positive value, at most <paramref name="maxDecades"/> of them, to the
    /// largest.
    /// </summary>
    public static ColourScale Logarithmic(IReadOnlyCollection<float> values, int maxDecades)
    {
        double high = values.Count == 0 ? 0 : values.Max();
        if (!(high > 0))
            return new ColourScale(0.1, 1, true);
        double low = Math.Max(values.Where(value => value > 0).Min(), high * Math.Pow(10, -maxDecades));
        return new ColourScale(low < high ? low : high / 10, high, true);
    }

    /// <summary>Place of a value on the scale, in [0, 1].</summary>
    public double PlaceOf(double value) =>
        Math.Clamp(
            _logarithmic ? Math.Log(Math.Max(value, Low) / Low) / Math.Log(High / Low) : (value - Low) / (High - Low),
            0,
            1
        );

    /// <summary>Colour of a value.</summary>
    public SKColor ColourOf(double value)
    {
        if (_logarithmic && !(value > 0))
            return SKColors.White;
        double place = PlaceOf(value) * (Palette.Length - 1);
        int step = Math.Min((int)place, Palette.Length - 2);
        return Mix(Palette[step], Palette[step + 1], place - step);
    }

    /// <summary>A colour for text on a value's colour.</summary>
    public SKColor TextColourOn(double value) => PlaceOf(value) > 0.55 ? SKColors.White : SKColors.Black;

    /// <summary>Values to write beside the scale.</summary>
    public IEnumerable<(double Value, string Label)> Ticks()
    {
        if (!_logarithmic)
            return Enumerable.Range(0, 5).Select(i => Tick(High * i / 4, High < 0.2 ? "0.000" : "0.00"));
        int first = (int)Math.Ceiling(Math.Log10(Low)),
            last = (int)Math.Floor(Math.Log10(High));
        double[] values =
            last > first
                ? [.. Enumerable.Range(first, last - first + 1).Select(power => Math.Pow(10, power))]
                : [Low, High];
        string format = last > first ? "0e+0" : "0.0e+0";
        return values.Select(value => Tick(value, format));
    }

    private static (double Value, string Label) Tick(double value, string format) =>
        (value, value.ToString(format, CultureInfo.InvariantCulture));

    private static SKColor Mix(SKColor one, SKColor other, double share) =>
        new(Mix(one.Red, other.Red, share), Mix(one.Green, other.Green, share), Mix(one.Blue, other.Blue, share));

    private static byte Mix(byte one, byte other, double share) => (byte)Math.Round(one + (other - one) * share);
}
