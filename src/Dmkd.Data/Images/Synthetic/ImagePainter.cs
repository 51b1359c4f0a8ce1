using SkiaSharp;

namespace Dmkd.Data.Images.Synthetic;

/// <summary>Paints one image: background, clutter, object. Owns its bitmap; not safe for concurrent use.</summary>
internal sealed class ImagePainter : IDisposable
{
    private const float MaxTiltDegrees = 12;

    private readonly SKBitmap _bitmap;
    private readonly SKCanvas _canvas;
    private readonly SKPaint _paint = new()
    {
        IsAntialias = true,
        StrokeCap = SKStrokeCap.Round,
        StrokeJoin = SKStrokeJoin.Round,
    };

    /// <param name="size">Height and width of the image, in pixels.</param>
    public ImagePainter(int size)
    {
        _bitmap = new SKBitmap(new SKImageInfo(size, size, SKColorType.Rgba8888, SKAlphaType.Opaque));
        _canvas = new SKCanvas(_bitmap);
    }

    /// <summary>Paints over the last image.</summary>
    /// <param name="shape">The object. Borrowed.</param>
    /// <param name="random">Source of all variation. Borrowed.</param>
    /// <returns>Four bytes a pixel (red, green, blue, unused), shape [size, size, 4]. Borrowed until the next
    /// call.</returns>
    public ReadOnlySpan<byte> Paint(ObjectShape shape, Random random)
    {
        var palette = Palette.Draw(random);
        PaintBackground(palette, random);
        PaintClutter(random.Next(2, 8), palette.Clutter, random);
        PaintObject(shape, palette, random);
        // in front, in the colour of the background: hides a part
        PaintClutter(random.Next(3), palette.Background, random);
        _canvas.Flush();
        return _bitmap.GetPixelSpan();
    }

    public void Dispose()
    {
        _paint.Dispose();
        _canvas.Dispose();
        _bitmap.Dispose();
    }

    private void PaintBackground(Palette palette, Random random)
    {
        float size = _bitmap.Width;
        var (sin, cos) = MathF.SinCos(2 * MathF.PI * random.NextSingle());
        var middle = new SKPoint(size / 2, size / 2);
        var reach = new SKPoint(cos * size / 2, sin * size / 2);
        using var gradient = SKShader.CreateLinearGradient(
            middle - reach,
            middle + reach,
            [palette.Background, palette.BackgroundEnd],
            SKShaderTileMode.Clamp
        );
        _paint.Style = SKPaintStyle.Fill;
        // opaque: the alpha of the last image's clutter would let that image shine through
        _paint.Color = SKColors.Black;
        _paint.Shader = gradient;
        _canvas.DrawPaint(_paint);
        _paint.Shader = null;
    }

    private void PaintClutter(int count, SKColor color, Random random)
    {
        for (int i = 0; i < count; i++)
            PaintLineOrBlob(color, random);
    }

    private void PaintLineOrBlob(SKColor color, Random random)
    {
        float size = _bitmap.Width;
        SKPoint Anywhere() => new(size * random.NextSingle(), size * random.NextSingle());
        _paint.Color = color.WithAlpha((byte)random.Next(90, 220));
        if (random.Next(2) == 0)
        {
            Stroke(0.6f + 1.2f * random.NextSingle());
            _canvas.DrawLine(Anywhere(), Anywhere(), _paint);
        }
        else
        {
            _paint.Style = SKPaintStyle.Fill;
            _canvas.DrawOval(Anywhere(), new SKSize(1 + 4 * random.NextSingle(), 1 + 4 * random.NextSingle()), _paint);
        }
    }

    private void PaintObject(ObjectShape shape, Palette palette, Random random)
    {
        float half = _bitmap.Width / 2f;
        float scale = 0.55f + 0.4f * random.NextSingle();
        float slack = (1 - scale) * half;
        _canvas.Save();
        _canvas.Translate(half + slack * Symmetric(random), half + slack * Symmetric(random));
        _canvas.RotateDegrees(MaxTiltDegrees * Symmetric(random));
        float mirror = random.Next(2) == 0 ? 1 : -1;
        _canvas.Scale(
            mirror * half * scale * (0.8f + 0.2f * random.NextSingle()),
            half * scale * (0.8f + 0.2f * random.NextSingle())
        );

        float stroke = (1.1f + 0.9f * random.NextSingle()) / (half * scale);
        bool isFilled = random.Next(10) < 7;
        PaintPart(shape.Lines, palette.Body, filled: false, 1.3f * stroke);
        PaintPart(shape.Body, palette.Body, isFilled, stroke);
        PaintPart(shape.Accent, palette.Accent, random.Next(2) == 0, stroke);
        _canvas.Restore();
    }

    private void PaintPart(SKPath path, SKColor color, bool filled, float strokeWidth)
    {
        _paint.Color = color;
        if (filled)
            _paint.Style = SKPaintStyle.Fill;
        else
            Stroke(strokeWidth);
        _canvas.DrawPath(path, _paint);
    }

    private void Stroke(float width) => (_paint.Style, _paint.StrokeWidth) = (SKPaintStyle.Stroke, width);

    /// <summary>A number in [-1, 1).</summary>
    private static float Symmetric(Random random) => 2 * random.NextSingle() - 1;
}
