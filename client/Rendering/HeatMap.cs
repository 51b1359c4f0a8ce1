using Dmkd.Client.Rendering.Images;
using SkiaSharp;

namespace Dmkd.Client.Rendering;

/// <summary>Draws matrices as colours.</summary>
internal static class HeatMap
{
    private static readonly SKColor Frame = new(120, 120, 120);

    /// <summary>Fills an area with the cells of a matrix.</summary>
    /// <param name="canvas">Receives it.</param>
    /// <param name="area">Where; a multiple of the cells each way.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="valueAt">Value by row and column.</param>
    /// <param name="scale">Its colour.</param>
    public static void Draw(
        SKCanvas canvas,
        SKRectI area,
        int rows,
        int columns,
        Func<int, int, double> valueAt,
        ColourScale scale
    )
    {
        using var paint = new SKPaint();
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                paint.Color = scale.ColourOf(valueAt(row, column));
                canvas.DrawRect(
                    SKRect.Create(
                        area.Left + column * area.Width / columns,
                        area.Top + row * area.Height / rows,
                        area.Width / columns,
                        area.Height / rows
                    ),
                    paint
                );
            }
        }

        DrawFrame(canvas, area);
    }

    /// <summary>Draws an upright bar with a scale's colours and ticks.</summary>
    public static void DrawBar(SKCanvas canvas, PictureText text, SKRectI area, ColourScale scale, float textSize)
    {
        using var colours = SKShader.CreateLinearGradient(
            new SKPoint(0, area.Bottom),
            new SKPoint(0, area.Top),
            [.. ColourScale.Steps],
            SKShaderTileMode.Clamp
        );
        using var paint = new SKPaint { Shader = colours };
        using var tick = new SKPaint { Color = Frame };
        canvas.DrawRect(area, paint);
        DrawFrame(canvas, area);
        foreach (var (value, label) in scale.Ticks())
        {
            float y = MathF.Round(area.Bottom - (float)scale.PlaceOf(value) * area.Height);
            canvas.DrawLine(area.Right, y, area.Right + 4, y, tick);
            text.Draw(canvas, label, new SKPoint(area.Right + 8, y), textSize, SKTextAlign.Left, SKColors.Black);
        }
    }

    private static void DrawFrame(SKCanvas canvas, SKRectI area)
    {
        using var frame = new SKPaint { Color = Frame, IsStroke = true };
        canvas.DrawRect(area.Left - 0.5f, area.Top - 0.5f, area.Width + 1, area.Height + 1, frame);
    }
}
