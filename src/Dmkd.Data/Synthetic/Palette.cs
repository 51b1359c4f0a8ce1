using SkiaSharp;

namespace Dmkd.Data.Synthetic;

/// <summary>The colours of one image: the object is darker than the background in most images, lighter in the others.</summary>
/// <param name="Background">Colour of the background at one end.</param>
/// <param name="BackgroundEnd">Colour of the background at the other end, similar in lightness.</param>
/// <param name="Body">Colour of the object.</param>
/// <param name="Accent">Second colour of the object, on the same side of the background.</param>
/// <param name="Clutter">Colour of the clutter, of a lightness between background and object.</param>
internal readonly record struct Palette(SKColor Background, SKColor BackgroundEnd, SKColor Body, SKColor Accent, SKColor Clutter)
{
    private const double DarkObjectShare = 0.72;

    /// <summary>Draws colours whose lightness keeps the object visible.</summary>
    public static Palette Draw(Random random)
    {
        bool isLightObject = random.NextDouble() >= DarkObjectShare;
        double dark = 8 + 34 * random.NextDouble();
        double light = dark + 17 + 33 * random.NextDouble();
        (double background, double body) = isLightObject ? (dark, light) : (light, dark);
        return new Palette(
            Color(background, random),
            Color(background + Symmetric(random, 10), random),
            Color(body, random),
            Color(body + Symmetric(random, 12), random),
            Color(background + (body - background) * (0.2 + 0.5 * random.NextDouble()), random));
    }

    /// <summary>A random hue and saturation.</summary>
    /// <param name="lightness">Lightness in percent; clamped to [3, 97].</param>
    /// <param name="random">Source of randomness. Borrowed.</param>
    private static SKColor Color(double lightness, Random random) =>
        SKColor.FromHsl(360 * random.NextSingle(), 90 * random.NextSingle(), (float)Math.Clamp(lightness, 3, 97));

    private static double Symmetric(Random random, double reach) => reach * (2 * random.NextDouble() - 1);
}
