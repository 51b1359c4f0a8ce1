using Dmkd.Contracts.Runs;
using Dmkd.Data;

namespace Dmkd.Experiments.Plans;

/// <summary>Reads the key <c>data</c>: a data set, or a list of them.</summary>
internal static class DataSection
{
    private const int DefaultImageSize = 32;

    /// <summary>Reads it.</summary>
    /// <param name="section">The value.</param>
    /// <param name="tasks">Tasks of a data set that does not say.</param>
    /// <exception cref="PlanException">The value says what cannot be.</exception>
    public static IReadOnlyList<PlannedData> Read(YamlValue section, int tasks)
    {
        PlannedData[] data = section.IsList ? [.. section.List().Select(item => ReadOne(item, tasks))] : [ReadOne(section, tasks)];
        string? twice = data.GroupBy(one => one.Name).FirstOrDefault(group => group.Count() > 1)?.Key;
        return twice is null ? data : throw section.Refuse($"has the name '{twice}' twice; give each data set a name of its own");
    }

    private static PlannedData ReadOne(YamlValue section, int tasks)
    {
        var map = section.Map();
        var kind = map.Require("kind");
        if (!DatasetSpec.Kinds.Contains(kind.Text())) throw kind.Refuse($"must be one of {string.Join(", ", DatasetSpec.Kinds)}, not '{kind.Text()}'");
        string? path = map.Find("path")?.Text();
        string name = map.Find("name") is { } named ? PlanReader.NameOf(named) : kind.Text();
        var source = new DataSource
        {
            Kind = kind.Text(),
            Path = path is null ? null : Path.GetFullPath(path, Path.GetDirectoryName(Path.GetFullPath(section.File))!),
            TrainPerClass = map.Find("train-per-class")?.Count(2, int.MaxValue),
            TestPerClass = map.Find("test-per-class")?.Count(1, int.MaxValue),
            ImageSize = map.Find("image-size")?.Count(8, 512) ?? DefaultImageSize,
            Seed = map.Find("seed")?.Count("seed") ?? 1,
        };
        int own = map.Find("tasks")?.Count("tasks") ?? tasks;
        map.RequireAllAsked();
        return new PlannedData(name, source, path, own);
    }
}
