using System.Globalization;

namespace Dmkd.Experiments.Reports;

/// <summary>A method's accuracy matrix as colours: one row per task learned, one column per task tested.</summary>
internal static class HeatMapChart
{
    private const double Left = 44,
        Top = 8,
        Largest = 40,
        Smallest = 11,
        Side = 260,
        RoomForNumbers = 24,
        HalfTitle = 60;

    // Brewer's YlGnBu: readable in grey and by the colour-blind, as in the pictures of `preserve`.
    private static readonly (int Red, int Green, int Blue)[] Palette =
    [
        (255, 255, 217),
        (237, 248, 177),
        (199, 233, 180),
        (127, 205, 187),
        (65, 182, 196),
        (29, 145, 192),
        (34, 94, 168),
        (37, 52, 148),
        (8, 29, 88),
    ];

    /// <summary>Draws it.</summary>
    /// <param name="title">What it shows.</param>
    /// <param name="rows">Row t holds the mean accuracies on tasks 0 to t after task t.</param>
    public static string Draw(string title, double[][] rows)
    {
        double size = Math.Clamp(Math.Floor(Side / rows.Length), Smallest, Largest),
            side = size * rows.Length;
        var drawing = new Svg(Left + Math.Max(side + 8, side / 2 + HalfTitle), Top + side + 38, title, Describe(rows));
        int step = (int)Math.Ceiling(14 / size);
        for (int task = 0; task < rows.Length; task++)
        {
            for (int on = 0; on <= task; on++)
                DrawCell(
                    drawing,
                    rows[task][on],
                    Left + size * on,
                    Top + size * task,
                    size,
                    $"after task {task + 1}, on task {on + 1}: {Measure.Percent(rows[task][on])} %"
                );
            if (task % step != 0)
                continue;
            string number = (task + 1).ToString(CultureInfo.InvariantCulture);
            drawing
                .Text(Left - 6, Top + size * (task + 0.5) + 4, number, "end", "t tick")
                .Text(Left + size * (task + 0.5), Top + side + 15, number, "middle", "t tick");
        }

        drawing
            .Text(12, Top + side / 2, "after task", "middle", "t title", turned: true)
            .Text(Left + side / 2, Top + side + 32, "accuracy on task", "middle", "t title");
        return drawing.ToString();
    }

    private static void DrawCell(Svg drawing, double accuracy, double x, double y, double size, string tip)
    {
        drawing.Rectangle(x, y, size, size, "cell", tip, ColourOf(accuracy));
        if (size >= RoomForNumbers)
            drawing.Text(
                x + size / 2,
                y + size / 2 + 4,
                Math.Round(100 * accuracy).ToString(CultureInfo.InvariantCulture),
                "middle",
                accuracy > 0.55 ? "t onDark" : "t onLight"
            );
    }

    private static string ColourOf(double share)
    {
        double place = Math.Clamp(share, 0, 1) * (Palette.Length - 1);
        int step = Math.Min((int)place, Palette.Length - 2);
        var (one, other, part) = (Palette[step], Palette[step + 1], place - step);
        return $"#{Mix(one.Red, other.Red):x2}{Mix(one.Green, other.Green):x2}{Mix(one.Blue, other.Blue):x2}";

        int Mix(int from, int to) => (int)Math.Round(from + (to - from) * part);
    }

    private static string Describe(double[][] rows) =>
        string.Join(
            " ",
            rows.Select((row, task) => $"After task {task + 1}: {string.Join(", ", row.Select(Measure.Percent))} %.")
        );
}
