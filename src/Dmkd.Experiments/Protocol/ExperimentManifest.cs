using System.Text.Json;
using Dmkd.Experiments.Plans;

namespace Dmkd.Experiments.Protocol;

/// <summary>
/// What a folder of results is about: the file <c>experiment.json</c> in it, which a report reads beside the cells.
/// </summary>
public sealed record ExperimentManifest
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "experiment.json";

    /// <summary>The experiment.</summary>
    public required string Name { get; init; }

    /// <summary>Label of the method that the others are compared with.</summary>
    public required string Reference { get; init; }

    /// <summary>Labels of the methods, in the order of the tables.</summary>
    public required IReadOnlyList<string> Methods { get; init; }

    /// <summary>Names of the data sets.</summary>
    public required IReadOnlyList<string> Datasets { get; init; }

    /// <summary>The seeds.</summary>
    public required IReadOnlyList<int> Seeds { get; init; }

    /// <summary>The parameters that were chosen so far.</summary>
    public IReadOnlyList<ChosenParameters> Chosen { get; init; } = [];

    /// <summary>Every place in the experiment and the cell that fills it.</summary>
    public required IReadOnlyList<ManifestEntry> Entries { get; init; }

    /// <summary>The manifest of an experiment.</summary>
    public static ExperimentManifest Of(
        ExperimentPlan plan,
        IReadOnlyList<ChosenParameters> choices,
        IEnumerable<PlannedCell> cells
    )
    {
        ArgumentNullException.ThrowIfNull(plan);
        return new ExperimentManifest
        {
            Name = plan.Name,
            Reference = plan.Reference,
            Methods = [.. plan.Methods.Select(method => method.Label)],
            Datasets = [.. plan.Data.Select(data => data.Name)],
            Seeds = plan.Seeds,
            Chosen = choices,
            Entries = [.. cells.Select(ManifestEntry.Of)],
        };
    }

    /// <summary>Reads the manifest of a folder; null when there is none.</summary>
    /// <exception cref="PlanException">It is damaged.</exception>
    public static ExperimentManifest? Find(string folder)
    {
        string file = Path.Combine(folder, FileName);
        if (!File.Exists(file))
            return null;
        try
        {
            return JsonSerializer.Deserialize<ExperimentManifest>(File.ReadAllText(file), ExperimentJson.Indented);
        }
        catch (JsonException e)
        {
            throw new PlanException($"{file} is no experiment of this version: {e.Message.Split(" Path:")[0]}");
        }
    }

    /// <summary>Writes it into a folder.</summary>
    public void WriteTo(string folder) => AtomicFile.WriteJson(Path.Combine(folder, FileName), this);
}

/// <summary>A place in an experiment.</summary>
/// <param name="Digest">Digest of the cell.</param>
/// <param name="Stage">What it is for.</param>
/// <param name="Label">Label of the method.</param>
/// <param name="Dataset">The data set.</param>
/// <param name="Seed">The seed.</param>
/// <param name="Parameter">The parameter that is varied; null for the method as it stands in the file, and in a
/// search.</param>
/// <param name="Value">Its value.</param>
public sealed record ManifestEntry(
    string Digest,
    CellStage Stage,
    string Label,
    string Dataset,
    int Seed,
    string? Parameter,
    string? Value
)
{
    internal static ManifestEntry Of(PlannedCell planned) =>
        new(
            planned.Cell.Digest,
            planned.Cell.Stage,
            planned.Label,
            planned.Cell.Data.Name,
            planned.Cell.Settings.Seed,
            planned.Parameter,
            planned.Value
        );
}
