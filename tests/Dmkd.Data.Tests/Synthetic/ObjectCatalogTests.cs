using Dmkd.Data.Images.Synthetic;
using SkiaSharp;

namespace Dmkd.Data.Tests.Synthetic;

public sealed class ObjectCatalogTests
{
    private const int Size = 64;

    public static TheoryData<int, int> Quarters =>
        [
            .. Enumerable
                .Range(0, SyntheticImages.ClassCount)
                .SelectMany(label => Enumerable.Range(1, 3), (label, turns) => (label, turns)),
        ];

    /// <summary>
    /// Experts learn from rotation labels: no turned object may pass for an upright one of its class, mirrored or not.
    /// </summary>
    [Theory]
    [MemberData(nameof(Quarters))]
    public void Shapes_TurnedByQuarters_LookDifferentFromUpright(int label, int turns)
    {
        var upright = ObjectCatalog
            .Shapes[label]
            .SelectMany(shape => new[] { Draw(shape, 0, 1), Draw(shape, 0, -1) })
            .ToList();

        foreach (var shape in ObjectCatalog.Shapes[label])
        {
            double overlap = upright.Max(image => Overlap(image, Draw(shape, turns, 1)));
            // The shapes of one class overlap by 0.5 to 1 when both are upright; a turned one must stay clearly below a
            // match.
            Assert.True(
                overlap < 0.8,
                $"{ObjectCatalog.Names[label]} turned {turns * 90}° is {overlap:F2} like an upright one."
            );
        }
    }

    [Fact]
    public void Names_AreSortedAndMatchTheShapes()
    {
        Assert.Equal(ObjectCatalog.Names.Order(StringComparer.Ordinal), ObjectCatalog.Names);
        Assert.Equal(SyntheticImages.ClassCount, ObjectCatalog.Names.Count);
        Assert.Equal(SyntheticImages.ClassCount, ObjectCatalog.Shapes.Count);
    }

    private static bool[] Draw(ObjectShape shape, int turns, int mirror)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(Size, Size, SKColorType.Rgba8888, SKAlphaType.Premul));
        using var canvas = new SKCanvas(bitmap);
        using var fill = new SKPaint { Color = SKColors.White };
        using var stroke = new SKPaint
        {
            Color = SKColors.White,
            Style = SKPaintStyle.Stroke,
            StrokeWidth = 0.15f,
        };
        canvas.Translate(Size / 2f, Size / 2f);
        canvas.RotateDegrees(90 * turns);
        canvas.Scale(mirror * Size / 2.2f, Size / 2.2f);
        canvas.DrawPath(shape.Body, fill);
        canvas.DrawPath(shape.Accent, fill);
        canvas.DrawPath(shape.Lines, stroke);
        return [.. bitmap.Pixels.Select(pixel => pixel.Alpha > 127)];
    }

    /// <summary>Intersection over union of two silhouettes.</summary>
    private static double Overlap(bool[] first, bool[] second) =>
        first.Zip(second).Count(pair => pair.First && pair.Second)
        / (double)first.Zip(second).Count(pair => pair.First || pair.Second);
}
