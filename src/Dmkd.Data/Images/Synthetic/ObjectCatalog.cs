using SkiaSharp;

namespace Dmkd.Data.Images.Synthetic;

/// <summary>
/// The ten classes and the ways each is drawn. Every object has one upright position: a quarter or half turn of it
/// looks like no upright object, because experts learn from rotation labels.
/// </summary>
internal static class ObjectCatalog
{
    /// <summary>Gets the names of the classes, in alphabetical order.</summary>
    public static IReadOnlyList<string> Names { get; } =
    ["arrow", "boat", "bottle", "cup", "flag", "house", "key", "lamp", "tree", "umbrella"];

    /// <summary>Gets the drawings of each class, by label.</summary>
    public static IReadOnlyList<IReadOnlyList<ObjectShape>> Shapes { get; } =
    [Arrow(), Boat(), Bottle(), Cup(), Flag(), House(), Key(), Lamp(), Tree(), Umbrella()];

    private static ObjectShape[] Arrow() =>
        [
            ObjectShape.Parse("M0,-1 L0.75,-0.1 L0.28,-0.1 L0.28,1 L-0.28,1 L-0.28,-0.1 L-0.75,-0.1 Z"),
            ObjectShape.Parse("M0,-1 L0.7,0 L0,-0.3 L-0.7,0 Z", lines: "M0,-0.4 L0,1"),
        ];

    private static ObjectShape[] Boat() =>
        [
            ObjectShape.Parse("M-1,0.45 L1,0.45 L0.6,1 L-0.6,1 Z", "M0.08,-1 L0.08,0.3 L0.85,0.3 Z", "M0,-1 L0,0.45"),
            ObjectShape.Parse(
                "M-1,0.4 L1,0.4 Q0.8,1 0.4,1 L-0.4,1 Q-0.8,1 -1,0.4 Z",
                "M0.06,-1 L0.06,0.25 L0.8,0.25 Z M-0.08,-0.7 L-0.08,0.25 L-0.7,0.25 Z",
                "M0,-1 L0,0.4"
            ),
        ];

    private static ObjectShape[] Bottle() =>
        [
            ObjectShape.Parse(
                "M-0.16,-1 L0.16,-1 L0.16,-0.5 Q0.48,-0.3 0.48,0 L0.48,1 L-0.48,1 L-0.48,0 Q-0.48,-0.3 -0.16,-0.5 Z",
                "M-0.48,0.15 L0.48,0.15 L0.48,0.65 L-0.48,0.65 Z"
            ),
            ObjectShape.Parse(
                "M-0.2,-0.8 L0.2,-0.8 L0.2,-0.35 L0.55,-0.1 L0.55,1 L-0.55,1 L-0.55,-0.1 L-0.2,-0.35 Z",
                "M-0.27,-1 L0.27,-1 L0.27,-0.75 L-0.27,-0.75 Z"
            ),
        ];

    private static ObjectShape[] Cup() =>
        [
            ObjectShape.Parse(
                "M-0.85,-0.6 L0.45,-0.6 L0.3,0.8 L-0.7,0.8 Z",
                lines: "M0.42,-0.35 Q1,-0.35 0.95,0.05 Q0.9,0.4 0.36,0.4"
            ),
            ObjectShape.Parse(
                "M-0.9,-0.45 L0.5,-0.45 Q0.5,0.6 -0.2,0.6 Q-0.9,0.6 -0.9,-0.45 Z",
                "M-0.9,0.7 L0.5,0.7 L0.35,0.9 L-0.75,0.9 Z",
                "M0.45,-0.25 Q1.05,-0.25 0.95,0.1 Q0.85,0.35 0.4,0.25"
            ),
        ];

    private static ObjectShape[] Flag() =>
        [
            ObjectShape.Parse("M-0.6,-0.95 L0.85,-0.95 L0.85,0 L-0.6,0 Z", lines: "M-0.65,-1 L-0.65,1"),
            ObjectShape.Parse("M-0.6,-0.95 L0.9,-0.5 L-0.6,-0.05 Z", lines: "M-0.65,-1 L-0.65,1"),
            ObjectShape.Parse(
                "M-0.6,-0.9 Q-0.2,-1.1 0.1,-0.9 Q0.5,-0.7 0.85,-0.9 L0.85,-0.05 Q0.5,0.15 0.1,-0.05 Q-0.2,-0.25 -0.6,-0.05 Z",
                lines: "M-0.65,-1 L-0.65,1"
            ),
        ];

    private static ObjectShape[] House() =>
        [
            ObjectShape.Parse(
                "M-0.7,-0.1 L0.7,-0.1 L0.7,1 L-0.7,1 Z M0,-0.9 L0.95,-0.05 L-0.95,-0.05 Z",
                "M-0.2,0.4 L0.2,0.4 L0.2,1 L-0.2,1 Z"
            ),
            ObjectShape.Parse(
                "M-0.85,0 L0.85,0 L0.85,0.95 L-0.85,0.95 Z M-0.6,-0.75 L0.6,-0.75 L1,0.02 L-1,0.02 Z",
                "M0.1,0.35 L0.5,0.35 L0.5,0.95 L0.1,0.95 Z M-0.6,0.3 L-0.2,0.3 L-0.2,0.6 L-0.6,0.6 Z"
            ),
        ];

    private static ObjectShape[] Key() =>
        [
            ObjectShape.Parse(
                "M0,-1 A0.46,0.46 0 1 1 -0.01,-1 Z",
                "M0,-0.72 A0.18,0.18 0 1 1 -0.01,-0.72 Z",
                "M0,-0.1 L0,1 M0,0.55 L0.45,0.55 M0,0.9 L0.45,0.9"
            ),
            ObjectShape.Parse(
                "M-0.45,-1 L0.45,-1 L0.45,-0.2 L-0.45,-0.2 Z",
                "M-0.18,-0.78 L0.18,-0.78 L0.18,-0.45 L-0.18,-0.45 Z",
                "M0,-0.2 L0,1 M0,0.5 L0.4,0.5 M0,0.9 L0.5,0.9"
            ),
        ];

    private static ObjectShape[] Lamp() =>
        [
            ObjectShape.Parse(
                "M-0.4,-1 L0.4,-1 L0.8,-0.05 L-0.8,-0.05 Z",
                "M-0.5,0.82 L0.5,0.82 L0.5,1 L-0.5,1 Z",
                "M0,-0.05 L0,0.85"
            ),
            ObjectShape.Parse(
                "M-0.3,-0.9 L0.3,-0.9 L0.75,0 L-0.75,0 Z",
                "M0,0.05 Q0.5,0.4 0.3,1 L-0.3,1 Q-0.5,0.4 0,0.05 Z"
            ),
        ];

    private static ObjectShape[] Tree() =>
        [
            ObjectShape.Parse(
                "M0,-1 L0.5,-0.3 L0.25,-0.3 L0.75,0.5 L-0.75,0.5 L-0.25,-0.3 L-0.5,-0.3 Z",
                "M-0.16,0.5 L0.16,0.5 L0.16,1 L-0.16,1 Z"
            ),
            ObjectShape.Parse("M0,-1 A0.68,0.68 0 1 1 -0.01,-1 Z", "M-0.15,0.25 L0.15,0.25 L0.22,1 L-0.22,1 Z"),
        ];

    private static ObjectShape[] Umbrella() =>
        [
            ObjectShape.Parse(
                "M-1,-0.05 Q-0.95,-0.9 0,-0.9 Q0.95,-0.9 1,-0.05 Z",
                lines: "M0,-1 L0,0.75 Q0,1 0.22,1 Q0.42,1 0.42,0.75"
            ),
            ObjectShape.Parse(
                "M-1,0 Q-0.9,-0.85 0,-0.85 Q0.9,-0.85 1,0 Q0.8,-0.25 0.6,-0.02 Q0.3,-0.3 0,-0.02 Q-0.3,-0.3 "
                    + "-0.6,-0.02 Q-0.8,-0.25 -1,0 Z",
                lines: "M0,-1 L0,0.75 Q0,1 0.22,1 Q0.42,1 0.42,0.75"
            ),
        ];
}

/// <summary>
/// One way to draw an object, in a frame from (-1, -1) top left to (1, 1) bottom right. Owns its paths.
/// </summary>
/// <param name="Body">Filled or outlined in the object's colour.</param>
/// <param name="Accent">Filled or outlined in the object's second colour, over the body; may be empty.</param>
/// <param name="Lines">Always stroked in the object's colour; may be empty.</param>
internal sealed record ObjectShape(SKPath Body, SKPath Accent, SKPath Lines)
{
    /// <summary>Reads the three parts from SVG path data.</summary>
    public static ObjectShape Parse(string body, string accent = "", string lines = "") =>
        new(ParsePath(body), ParsePath(accent), ParsePath(lines));

    private static SKPath ParsePath(string data)
    {
        var path = SKPath.ParseSvgPathData(data);
        _ = path.Bounds; // computed on first use, and the painters share the path between threads
        return path;
    }
}

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
