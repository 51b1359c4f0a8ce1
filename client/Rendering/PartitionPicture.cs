using System.Globalization;
using Dmkd.Client.Rendering.Images;
using Dmkd.Core.Preservation;
using SkiaSharp;

namespace Dmkd.Client.Rendering;

/// <summary>
/// The picture of a partition (proposal 3.2.2): on the left the adjacency matrix of the importance graph, by cluster,
/// on a logarithmic scale; on the right the share of every class's importance in every cluster.
/// </summary>
/// <remarks>
/// Drawn with SkiaSharp alone: the ScottPlot on the feed (5.1) needs SkiaSharp 3, and the central pin is 2.88.
/// </remarks>
internal sealed class PartitionPicture
{
    private const string AdjacencyTitle = "Importance between units, by cluster";
    private const string SharesTitle = "Share of each class's importance, by cluster";
    private const int Side = 768;
    private const int Margin = 24;
    private const int Top = 64;
    private const int LabelWidth = 76;
    private const int BarGap = 20;
    private const int BarWidth = 18;
    private const int BarLabelWidth = 64;
    private const int MaxCell = 64;
    private const int NameHeight = 180;
    private const int MaxDecades = 6;
    private const int NarrowestBlock = 8; // lines that stand closer would hide what they part
    private const float TextSize = 13;
    private const float TitleSize = 18;
    private const float LineHeight = 16;
    private static readonly SKColor Border = new(214, 39, 40);

    private readonly PartitionMap _map;
    private readonly IReadOnlyList<string> _classNames;
    private readonly PictureText _text;
    private readonly int _clusters;

    private PartitionPicture(PartitionMap map, IReadOnlyList<string> classNames, PictureText text)
    {
        _map = map;
        _classNames = classNames;
        _text = text;
        _clusters = map.ClassShares.GetLength(0);
    }

    /// <summary>Draws a partition.</summary>
    /// <param name="map">The partition.</param>
    /// <param name="classNames">Name of each class, as many as the map has.</param>
    /// <param name="text">How text is drawn; by a font of this machine when not given.</param>
    /// <returns>A PNG file. Its text depends on the machine's fonts.</returns>
    public static byte[] Draw(PartitionMap map, IReadOnlyList<string> classNames, PictureText? text = null)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(classNames.Count, map.ClassShares.GetLength(1));
        return new PartitionPicture(map, classNames, text ?? PictureText.OfThisMachine).Draw();
    }

    private byte[] Draw()
    {
        int cell = Math.Max(1, Side / Math.Max(1, _map.Size)),
            units = Math.Max(cell * _map.Size, MaxCell);
        int column = Math.Clamp(Side / _classNames.Count, 1, MaxCell),
            row = Math.Clamp(Side / _clusters, 1, MaxCell);
        var adjacency = SKRectI.Create(Margin + LabelWidth, Top, units, units);
        var shares = SKRectI.Create(
            adjacency.Right + BarGap + BarWidth + BarLabelWidth + Margin + LabelWidth,
            Top,
            column * _classNames.Count,
            row * _clusters
        );
        int right =
            Math.Max(
                shares.Right + BarGap + BarWidth + BarLabelWidth,
                shares.Left + (int)_text.Width(SharesTitle, TitleSize)
            ) + Margin;
        int bottom = Math.Max(adjacency.Bottom + Margin + (int)LineHeight, shares.Bottom + NameHeight) + Margin;

        using var bitmap = new SKBitmap(new SKImageInfo(right, bottom, SKColorType.Rgba8888, SKAlphaType.Opaque));
        using (var canvas = new SKCanvas(bitmap))
        {
            canvas.Clear(SKColors.White);
            DrawAdjacency(canvas, adjacency);
            DrawShares(canvas, shares);
        }

        using var png = bitmap.Encode(SKEncodedImageFormat.Png, quality: 100);
        return png.ToArray();
    }

    private void DrawAdjacency(SKCanvas canvas, SKRectI area)
    {
        var scale = ColourScale.Logarithmic([.. _map.Adjacency], MaxDecades);
        Title(canvas, AdjacencyTitle, area);
        HeatMap.Draw(
            canvas,
            area,
            _map.Size,
            _map.Size,
            (row, column) => _map.Adjacency[row * _map.Size + column],
            scale
        );
        DrawClusters(canvas, area);
        HeatMap.DrawBar(
            canvas,
            _text,
            SKRectI.Create(area.Right + BarGap, area.Top, BarWidth, area.Height),
            scale,
            TextSize
        );
        Label(
            canvas,
            $"{_map.Size} x {_map.Size} cells, mean edge weight (log scale); white: no edge",
            new SKPoint(area.Left, area.Bottom + Margin),
            SKTextAlign.Left
        );
    }

    private void DrawClusters(SKCanvas canvas, SKRectI area)
    {
        using var line = new SKPaint
        {
            Color = Border,
            StrokeWidth = 1,
            IsStroke = true,
        };
        double cell = (double)area.Width / Math.Max(1, _map.Size),
            lastLabel = double.NegativeInfinity;
        for (int cluster = 0; cluster < _clusters; cluster++)
        {
            int start = _map.ClusterStarts[cluster],
                end = cluster + 1 < _clusters ? _map.ClusterStarts[cluster + 1] : _map.Size;
            float edge = (float)Math.Round(start * cell);
            if (start > 0 && start < _map.Size && area.Width >= NarrowestBlock * _clusters)
            {
                canvas.DrawLine(area.Left, area.Top + edge, area.Right, area.Top + edge, line);
                canvas.DrawLine(area.Left + edge, area.Top, area.Left + edge, area.Bottom, line);
            }

            double middle = (start + end) / 2.0 * cell;
            if (end == start || middle - lastLabel < LineHeight)
                continue;
            lastLabel = middle;
            Label(
                canvas,
                ClusterName(cluster),
                new SKPoint(area.Left - 8, (float)(area.Top + middle)),
                SKTextAlign.Right
            );
        }
    }

    private void DrawShares(SKCanvas canvas, SKRectI area)
    {
        var scale = ColourScale.Linear(_map.ClassShares.Cast<double>().Max());
        Title(canvas, SharesTitle, area);
        HeatMap.Draw(canvas, area, _clusters, _classNames.Count, (row, column) => _map.ClassShares[row, column], scale);
        DrawValues(canvas, area, scale);
        float row = (float)area.Height / _clusters,
            column = (float)area.Width / _classNames.Count;
        for (int cluster = 0; cluster < _clusters; cluster += Every(row))
            Label(
                canvas,
                ClusterName(cluster),
                new SKPoint(area.Left - 8, area.Top + (cluster + 0.5f) * row),
                SKTextAlign.Right
            );
        for (int label = 0; label < _classNames.Count; label += Every(column))
        {
            string name = _text.Shorten(_classNames[label], TextSize, NameHeight - 12);
            _text.Draw(
                canvas,
                name,
                new SKPoint(area.Left + (label + 0.5f) * column, area.Bottom + 8),
                TextSize,
                SKTextAlign.Right,
                SKColors.Black,
                degrees: -90
            );
        }

        HeatMap.DrawBar(
            canvas,
            _text,
            SKRectI.Create(area.Right + BarGap, area.Top, BarWidth, Math.Max(area.Height, 2 * MaxCell)),
            scale,
            TextSize
        );
    }

    /// <summary>Writes the shares into cells that are large enough.</summary>
    private void DrawValues(SKCanvas canvas, SKRectI area, ColourScale scale)
    {
        float row = (float)area.Height / _clusters,
            column = (float)area.Width / _classNames.Count;
        if (row < LineHeight || column < _text.Width("0.00", TextSize) + 6)
            return;
        for (int cluster = 0; cluster < _clusters; cluster++)
        {
            for (int label = 0; label < _classNames.Count; label++)
            {
                double share = _map.ClassShares[cluster, label];
                var middle = new SKPoint(area.Left + (label + 0.5f) * column, area.Top + (cluster + 0.5f) * row);
                _text.Draw(
                    canvas,
                    share.ToString("0.00", CultureInfo.InvariantCulture),
                    middle,
                    TextSize,
                    SKTextAlign.Center,
                    scale.TextColourOn(share)
                );
            }
        }
    }

    private static string ClusterName(int cluster) => string.Create(CultureInfo.InvariantCulture, $"cluster {cluster}");

    /// <summary>Labels that stand closer than a line are left out: every how many of them there is room.</summary>
    private static int Every(float spacing) => Math.Max(1, (int)Math.Ceiling(LineHeight / spacing));

    private void Title(SKCanvas canvas, string title, SKRectI area) =>
        _text.Draw(canvas, title, new SKPoint(area.Left, area.Top - 28), TitleSize, SKTextAlign.Left, SKColors.Black);

    private void Label(SKCanvas canvas, string text, SKPoint at, SKTextAlign align) =>
        _text.Draw(canvas, text, at, TextSize, align, SKColors.Black);
}
