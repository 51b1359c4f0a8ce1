using Dmkd.Contracts.Settings;
using Dmkd.Data.Images;
using Dmkd.Grains.Nodes;
using Spectre.Console;

namespace Dmkd.Client.Rendering;

/// <summary>Reads a data set, showing how far it is.</summary>
internal static class DataView
{
    /// <summary>Reads it into the cache that the silo will use.</summary>
    public static async Task<ImageDataset> ReadAsync(IAnsiConsole console, DatasetCache datasets, DataSource source)
    {
        var dataset = await LoadAsync(console, datasets, source);
        WriteNotes(dataset);
        return dataset;
    }

    /// <summary>Says on standard error what was left out or decided when a data set was read.</summary>
    public static void WriteNotes(ImageDataset dataset)
    {
        foreach (string note in dataset.Notes)
            Console.Error.WriteLine($"dmkd: note: {note}");
    }

    /// <summary>Images and classes of a data set, in words.</summary>
    public static string Amounts(long train, long test, int classes) =>
        FormattableString.Invariant($"{train} training and {test} test images of {classes} classes");

    private static Task<ImageDataset> LoadAsync(IAnsiConsole console, DatasetCache datasets, DataSource source) =>
        Bars.RunAsync(
            console,
            async bars =>
            {
                var bar = bars.Add($"data: {source.Kind}");
                var progress = new InlineProgress(step => bar.Set((double)step.Done / Math.Max(1, step.Total)));
                var dataset = await datasets.GetAsync(source, progress);
                bar.Set(1);
                return dataset;
            }
        );

    private sealed class InlineProgress(Action<DatasetProgress> report) : IProgress<DatasetProgress>
    {
        public void Report(DatasetProgress value) => report(value);
    }
}
