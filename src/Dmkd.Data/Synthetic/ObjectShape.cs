using SkiaSharp;

namespace Dmkd.Data.Synthetic;

/// <summary>One way to draw an object, in a frame from (-1, -1) top left to (1, 1) bottom right. Owns its paths.</summary>
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
