using System.Globalization;
using System.Text.Json.Serialization;
using Dmkd.Client.Files;
using Dmkd.Contracts.Experts;
using Dmkd.Core;
using Dmkd.Core.Models;
using Dmkd.Serving;
using Spectre.Console;
using static Dmkd.Client.Rendering.Figures;

namespace Dmkd.Client.Rendering;

/// <summary>The tables of modules and predictions.</summary>
internal static class ModuleTables
{
    private const int MaxClassesListed = 4;

    /// <summary>One row per module; those that cannot be read come last.</summary>
    public static Table List(
        string library,
        IReadOnlyList<ModuleDocument> modules,
        IReadOnlyList<DamagedModule> damaged
    )
    {
        var table = new Table()
            .Title($"Library {Markup.Escape(library)}")
            .AddColumns("module", "version", "parameters", "size", "H_k", "classes", "origin");
        foreach (var module in modules)
        {
            table.AddRow(
                Markup.Escape(module.Name),
                Count(module.Version),
                Count(module.Parameters),
                Kilobytes(module.Bytes),
                Entropy(module.MeanEntropy),
                Markup.Escape(First(MaxClassesListed, module.Classes)),
                Markup.Escape(module.Lineage.Origin.ToString().ToLowerInvariant())
            );
        }

        foreach (var module in damaged)
            table.AddRow(Markup.Escape(module.Name), "-", "-", "-", "-", "-", "[red]damaged[/]");
        return table;
    }

    /// <summary>Everything about one module.</summary>
    public static Grid Show(ModuleDocument module)
    {
        var grid = new Grid().AddColumn(new GridColumn().NoWrap()).AddColumn();
        Add("module", module.Name);
        Add("library", module.Library);
        Add("version", Count(module.Version));
        Add("architecture", module.Architecture);
        Add("parameters", Count(module.Parameters));
        Add("multiply-adds per view", Count(module.MultiplyAdds));
        Add("size", Kilobytes(module.Bytes));
        Add("H_k (mean entropy)", Entropy(module.MeanEntropy));
        Add("classes", string.Join(", ", module.Classes));
        Add("weights", module.Digest);
        Add("origin", OriginOf(module.Lineage));
        return grid;

        void Add(string name, string value) => grid.AddRow($"[grey]{Markup.Escape(name)}[/]", Markup.Escape(value));
    }

    /// <summary>The version chain, newest first.</summary>
    public static Table History(IEnumerable<ModuleVersion> versions)
    {
        var table = new Table()
            .Title("Versions")
            .AddColumns("version", "round", "contributors", "images", "weights", "published");
        foreach (var version in versions.Reverse())
        {
            table.AddRow(
                Count(version.Number),
                version.Round is { } round ? Count(round + 1) : "-",
                version.Contributions.Length == 0 ? "-" : Count(version.Contributions.Length),
                version.Contributions.Length == 0
                    ? "-"
                    : Count(version.Contributions.Sum(contribution => contribution.SampleCount)),
                version.Digest[..19],
                version.CreatedAt.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)
            );
        }

        return table;
    }

    /// <summary>One row per image, with a line per class.</summary>
    public static Table Predictions(PictureAnswers answers)
    {
        var table = new Table().AddColumns("image", "class", "probability", "answered by (p_k)");
        foreach (var (image, prediction) in answers.Told)
        {
            var classes = prediction.Classes;
            if (classes.Count == 0)
                classes = [new PredictedClass(prediction.ClassIndex, prediction.ClassName, prediction.Probability)];
            table.AddRow(
                Markup.Escape(image),
                string.Join('\n', classes.Select(told => Markup.Escape(OneLine.Escaped(told.ClassName)))),
                string.Join('\n', classes.Select(told => Percent(told.Probability))),
                Markup.Escape(
                    string.Join(
                        ", ",
                        prediction.Experts.Select(share =>
                            string.Create(CultureInfo.InvariantCulture, $"{share.Module} {share.Probability:F3}")
                        )
                    )
                )
            );
        }

        return table;
    }

    private static string OriginOf(ModuleLineage lineage) =>
        lineage.Origin switch
        {
            ModuleOrigin.Preserved => string.Create(
                CultureInfo.InvariantCulture,
                $"preserved by {lineage.RunId} from legacy model "
                    + $"{lineage.LegacyDigest}{(lineage.Cluster is { } cluster ? $", cluster {cluster}" : "")}, "
                    + $"alpha {lineage.LegacyFraction}, {lineage.ImportanceShare:P0} of its importance"
            ),
            ModuleOrigin.Spawned => $"spawned by {lineage.RunId} from {lineage.Parent ?? "the legacy model"} "
                + $"({lineage.ParentDigest ?? lineage.LegacyDigest})",
            _ => $"drawn at random by {lineage.RunId}",
        };

    private static string Entropy(double? entropy) =>
        entropy is { } value ? value.ToString("F4", CultureInfo.InvariantCulture) : "-";

    private static string Kilobytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:F0} kB");
}

/// <summary>What a library says to a picture, as <c>predict --json</c> prints it. Field names are stable.</summary>
internal sealed record PredictionDocument
{
    public required string Image { get; init; }

    /// <summary>Name of the most probable class.</summary>
    public required string Class { get; init; }

    public required int ClassIndex { get; init; }

    /// <summary>In [0, 1].</summary>
    public required double Probability { get; init; }

    public required IEnumerable<Share> Experts { get; init; }

    /// <summary>The most probable classes; only where they were asked for.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IEnumerable<Ranked>? Classes { get; init; }

    /// <summary>The documents of all answers.</summary>
    public static IEnumerable<PredictionDocument> Of(PictureAnswers answers) =>
        answers.Told.Select(pair => new PredictionDocument
        {
            Image = pair.Image,
            Class = pair.Prediction.ClassName,
            ClassIndex = pair.Prediction.ClassIndex,
            Probability = pair.Prediction.Probability,
            Experts = pair.Prediction.Experts.Select(share => new Share(share.Module, share.Probability)),
            Classes =
                answers.Classes == 0
                    ? null
                    : pair.Prediction.Classes.Select(told => new Ranked(told.ClassName, told.Probability)),
        });

    /// <summary>An expert that answered.</summary>
    public sealed record Share(string Module, double Probability);

    /// <summary>A class.</summary>
    public sealed record Ranked(string Name, double Probability);
}

/// <summary>A module that cannot be read, as <c>modules list --json</c> prints it. Field names are stable.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Library">Its library.</param>
/// <param name="Problem">Row and cause.</param>
internal sealed record DamagedModule(string Name, string Library, string Problem);

/// <summary>A module as <c>modules list|show</c> prints it. Field names are stable.</summary>
internal sealed record ModuleDocument
{
    public required string Name { get; init; }

    public required string Library { get; init; }

    public required int Version { get; init; }

    public required string Architecture { get; init; }

    public required long Parameters { get; init; }

    public required long MultiplyAdds { get; init; }

    public required long Bytes { get; init; }

    public required double? MeanEntropy { get; init; }

    public required IReadOnlyList<string> Classes { get; init; }

    public required string Digest { get; init; }

    public required ModuleLineage Lineage { get; init; }

    /// <summary>All versions, oldest first; only for <c>modules show</c>.</summary>
    public IReadOnlyList<ModuleVersion>? Versions { get; init; }

    /// <summary>The document of a module.</summary>
    public static ModuleDocument Of(ModuleSnapshot module, IReadOnlyList<ModuleVersion>? versions = null)
    {
        var architecture = ArchitectureCatalog.Parse(module.Descriptor.Architecture);
        return new ModuleDocument
        {
            Name = module.Descriptor.Name,
            Library = module.Descriptor.Library,
            Version = module.Current.Number,
            Architecture = module.Descriptor.Architecture,
            Parameters = architecture.ParameterCount,
            MultiplyAdds = architecture.MultiplyAdds,
            Bytes = module.Current.Bytes,
            MeanEntropy = module.Specialization?.MeanEntropy,
            Classes = module.Descriptor.ClassNames,
            Digest = module.Current.Digest,
            Lineage = module.Descriptor.Lineage,
            Versions = versions,
        };
    }
}

/// <summary>What <c>convert</c> and <c>modules export</c> print. Field names are stable.</summary>
/// <param name="Output">Path of the file.</param>
/// <param name="Digest">Digest of the weights: of the file that holds them and no metadata, as the library names
/// them.</param>
/// <param name="Bytes">Size of the file.</param>
/// <param name="Tensors">Number of tensors in it.</param>
internal sealed record WrittenWeights(string Output, string Digest, long Bytes, int Tensors)
{
    /// <summary>Prints it as a line or as a document.</summary>
    public void Print(bool json)
    {
        if (json)
            JsonOutput.Write(this);
        else
            Console.Out.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Wrote {Output}: {Tensors} tensors, {Bytes:N0} bytes, weights {Digest}"
                )
            );
    }
}
