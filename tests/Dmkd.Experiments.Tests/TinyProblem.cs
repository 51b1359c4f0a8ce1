using Dmkd.Contracts.Settings;
using Dmkd.Data.Images;
using Dmkd.Experiments.Learners;

namespace Dmkd.Experiments.Tests;

/// <summary>Four plain colours in two tasks: learned in a moment, and forgotten in another.</summary>
internal static class TinyProblem
{
    private const int Size = 8;

    private static readonly byte[][] Colours =
    [
        [230, 20, 20],
        [20, 230, 20],
        [220, 220, 20],
        [120, 120, 120],
    ];

    public static RunSettings Settings { get; } =
        new()
        {
            Data = new DataSource { Kind = "synthetic", Seed = 1 },
            Tasks = 2,
            Training = new()
            {
                Rounds = 4,
                Epochs = 60,
                Widths = [8, 8],
                BatchSize = 16,
                LearningRate = 1e-2,
            },
        };

    public static ContinualProblem Create(int seed = 1) => new(Dataset(), Settings with { Seed = seed });

    public static ImageDataset Dataset() =>
        new("colours", ["red", "green", "yellow", "grey"], Draw(perClass: 16), Draw(perClass: 10));

    private static ImageSet Draw(int perClass)
    {
        int[] labels = [.. Enumerable.Range(0, Colours.Length * perClass).Select(i => i / perClass)];
        return new ImageSet(
            [.. labels.SelectMany(label => Colours[label]).SelectMany(value => Enumerable.Repeat(value, Size * Size))],
            labels,
            channels: 3,
            height: Size,
            width: Size
        );
    }
}
