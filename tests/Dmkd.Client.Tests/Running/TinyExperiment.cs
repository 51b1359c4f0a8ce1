namespace Dmkd.Client.Tests.Running;

/// <summary>
/// The shipped smoke experiment with a budget that ends within seconds: two methods, two seeds, a search of two rates,
/// one varied value.
/// </summary>
internal static class TinyExperiment
{
    /// <summary>
    /// Its cells: 2 x 2 for the search, 2 x 2 results, 2 of the ablation (the other value is the method's own).
    /// </summary>
    public const int Cells = 10;

    private static readonly (string Key, string Line)[] Changes =
    [
        ("data:", "data: { kind: synthetic, train-per-class: 8, test-per-class: 2 }"),
        ("tasks:", "tasks: 2"),
        ("seeds:", "seeds: [1, 2]"),
        ("budget:", "budget: { rounds: 1, epochs: 1, widths: [4, 8] }"),
        (
            "  - dmkd:",
            "  - dmkd: { legacy-tasks: 1, legacy-epochs: 1, distillation-epochs: 1, calibration-per-class: 4 }"
        ),
        ("  - { name: dmkd-r1", ""),
        ("  - { method: dmkd", "  - { method: dmkd, parameter: rank, values: [1, 8] }"),
    ];

    /// <summary>Writes it into a folder.</summary>
    /// <returns>Its path.</returns>
    public static string Write(TemporaryFolder folder)
    {
        string[] lines = File.ReadAllLines(Shipped());
        foreach (var (key, line) in Changes)
        {
            int place = Array.FindIndex(lines, text => text.StartsWith(key, StringComparison.Ordinal));
            Assert.True(place >= 0, $"smoke.yaml has no line that begins with '{key}'.");
            lines[place] = line;
        }

        return folder.Write("smoke.yaml", System.Text.Encoding.UTF8.GetBytes(string.Join('\n', lines)));
    }

    private static string Shipped()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Dmkd.sln")))
                return Path.Combine(folder.FullName, "experiments", "smoke.yaml");
        }

        throw new DirectoryNotFoundException("The repository is not above the tests.");
    }
}
