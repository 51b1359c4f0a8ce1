using SkiaSharp;

namespace Dmkd.Client.Rendering.Images;

/// <summary>Text in pictures: in a font of the machine, or in <see cref="PixelFont"/> where there is none.</summary>
/// <param name="typeface">The font; null for points. Borrowed.</param>
internal sealed class PictureText(SKTypeface? typeface)
{
    private const string Needed = "Aa09.";
    private const string Ellipsis = "...";
    private static readonly string[] Preferred = ["DejaVu Sans", "Liberation Sans", "Noto Sans", "Arial", "Helvetica"];

    /// <summary>The machine's first font of a plain kind that has letters, or the points.</summary>
    public static PictureText OfThisMachine { get; } = new(FindTypeface());

    /// <summary>Whether a font of the machine is used.</summary>
    public bool HasTypeface => typeface is not null;

    /// <summary>Width of a text.</summary>
    public float Width(string text, float size)
    {
        if (typeface is null)
            return text.Length * PixelFont.Advance * PointOf(size);
        using var paint = new SKPaint { Typeface = typeface, TextSize = size };
        return paint.MeasureText(text);
    }

    /// <summary>The text if it fits, else its beginning and three dots.</summary>
    public string Shorten(string text, float size, float width)
    {
        if (Width(text, size) <= width)
            return text;
        int length = text.Length;
        while (length > 1 && Width(text[..length] + Ellipsis, size) > width)
            length--;
        return text[..length] + Ellipsis;
    }

    /// <summary>Draws a text.</summary>
    /// <param name="canvas">Receives it.</param>
    /// <param name="text">The text.</param>
    /// <param name="at">Where: x of the side named by <paramref name="align"/>, and the middle of its height.</param>
    /// <param name="size">Height of a line, in pixels.</param>
    /// <param name="align">Which end of the text is at the point.</param>
    /// <param name="colour">Its colour.</param>
    /// <param name="degrees">Turn around the point, clockwise.</param>
    public void Draw(
        SKCanvas canvas,
        string text,
        SKPoint at,
        float size,
        SKTextAlign align,
        SKColor colour,
        float degrees = 0
    )
    {
        using var paint = new SKPaint { Color = colour, IsAntialias = typeface is not null || degrees % 90 != 0 };
        float width = Width(text, size);
        float x = align switch
        {
            SKTextAlign.Right => -width,
            SKTextAlign.Center => -width / 2,
            _ => 0,
        };
        canvas.Save();
        canvas.Translate(MathF.Round(at.X), MathF.Round(at.Y));
        canvas.RotateDegrees(degrees);
        if (typeface is null)
        {
            float point = PointOf(size);
            PixelFont.Draw(canvas, text, MathF.Round(x), MathF.Round(PixelFont.Height * point / 2), point, paint);
        }
        else
        {
            (paint.Typeface, paint.TextSize) = (typeface, size);
            canvas.DrawText(text, x, size * 0.36f, paint); // half the height of a capital
        }

        canvas.Restore();
    }

    private static SKTypeface? FindTypeface()
    {
        var manager = SKFontManager.Default;
        var families = Preferred.Concat(Enumerable.Range(0, manager.FontFamilyCount).Select(manager.GetFamilyName));
        foreach (string family in families)
            if (manager.MatchFamily(family, SKFontStyle.Normal) is { } found && found.ContainsGlyphs(Needed))
                return found;
        return null;
    }

    /// <summary>Points are whole pixels: a letter of 5 by 7 is not readable otherwise.</summary>
    private static float PointOf(float size) => Math.Max(1, MathF.Floor(size / 9));
}
