using SkiaSharp;

namespace Dmkd.Data.Images.Synthetic;

/// <summary>
/// What a cheap camera does to a picture: slight blur, a change of brightness and contrast, pixel noise.
/// </summary>
internal static class Camera
{
    private const double BlurShare = 0.3;

    /// <summary>Photographs a painted image.</summary>
    /// <param name="rgba">The painting, shape [size, size, 4]. Borrowed.</param>
    /// <param name="size">Height and width, in pixels.</param>
    /// <param name="random">Source of randomness. Borrowed.</param>
    /// <param name="planes">Receives the photograph, shape [3, size, size].</param>
    public static void Take(ReadOnlySpan<byte> rgba, int size, Random random, Span<byte> planes)
    {
        int blur = random.NextDouble() < BlurShare ? 1 : 0;
        float contrast = 0.8f + 0.4f * random.NextSingle();
        float brightness = 30 * (random.NextSingle() - 0.5f);
        float noise = 6 + 20 * random.NextSingle();
        for (int channel = 0; channel < 3; channel++)
        {
            for (int y = 0; y < size; y++)
            {
                for (int x = 0; x < size; x++)
                {
                    float value =
                        128
                        + contrast * (Mean(rgba[channel..], size, x, y, blur) - 128)
                        + brightness
                        + noise * Bell(random);
                    planes[(channel * size + y) * size + x] = (byte)Math.Clamp(value, 0, 255);
                }
            }
        }
    }

    /// <summary>Mean of a square of four pixels, or of one when there is no blur.</summary>
    private static float Mean(ReadOnlySpan<byte> channel, int size, int x, int y, int blur)
    {
        int right = Math.Min(x + blur, size - 1);
        int below = Math.Min(y + blur, size - 1);
        int upper = channel[4 * (y * size + x)] + channel[4 * (y * size + right)];
        int lower = channel[4 * (below * size + x)] + channel[4 * (below * size + right)];
        return (upper + lower) / 4f;
    }

    /// <summary>Roughly normal, mean 0, standard deviation 1: the scaled sum of two uniform numbers.</summary>
    private static float Bell(Random random) => 2.45f * (random.NextSingle() + random.NextSingle() - 1);
}

/// <summary>
/// The colours of one image: the object is darker than the background in most images, lighter in the others.
/// </summary>
/// <param name="Background">Colour of the background at one end.</param>
/// <param name="BackgroundEnd">Colour of the background at the other end, similar in lightness.</param>
/// <param name="Body">Colour of the object.</param>
/// <param name="Accent">Second colour of the object, on the same side of the background.</param>
/// <param name="Clutter">Colour of the clutter, of a lightness between background and object.</param>
internal readonly record struct Palette(
    SKColor Background,
    SKColor BackgroundEnd,
    SKColor Body,
    SKColor Accent,
    SKColor Clutter
)
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
            Color(background + (body - background) * (0.2 + 0.5 * random.NextDouble()), random)
        );
    }

    /// <summary>A random hue and saturation.</summary>
    /// <param name="lightness">Lightness in percent; clamped to [3, 97].</param>
    /// <param name="random">Source of randomness. Borrowed.</param>
    private static SKColor Color(double lightness, Random random) =>
        SKColor.FromHsl(360 * random.NextSingle(), 90 * random.NextSingle(), (float)Math.Clamp(lightness, 3, 97));

    private static double Symmetric(Random random, double reach) => reach * (2 * random.NextDouble() - 1);
}
