using System.Globalization;
using System.Text;
using Dmkd.Experiments.Running;

namespace Dmkd.Experiments.Reports.Html;

/// <summary>The report as one page that needs nothing else: no network, no scripts, drawings inside. It is well-formed XML, too.</summary>
internal static class HtmlReport
{
    /// <summary>Writes the page.</summary>
    public static string Write(ExperimentResults results)
    {
        string name = Svg.Escape(results.Manifest.Name);
        string[] datasets = [.. results.Manifest.Datasets.Where(dataset => results.LabelsOf(dataset).Count > 0)];
        var page = new StringBuilder()
            .Append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n")
            .Append(CultureInfo.InvariantCulture, $"<title>{name}: report</title>\n<style>\n{PageStyle.Sheet}\n</style>\n</head>\n<body>\n")
            .Append(CultureInfo.InvariantCulture, $"<header><h1>{name}</h1>\n<p class=\"lead\">{Svg.Escape(State(results))}</p>\n{Navigation(datasets)}</header>\n<main>\n");
        for (int i = 0; i < datasets.Length; i++)
            page.Append(CultureInfo.InvariantCulture, $"<section id=\"data-{i + 1}\">\n<h2>{Svg.Escape(datasets[i])}</h2>\n{DatasetSection.Write(results, datasets[i])}</section>\n");
        return page.Append(CultureInfo.InvariantCulture, $"<section id=\"how\">\n<h2>How it was measured</h2>\n{CircumstancesSection.Write(results)}</section>\n</main>\n</body>\n</html>\n").ToString();
    }

    private static string State(ExperimentResults results)
    {
        var manifest = results.Manifest;
        int searched = results.Rows.Count(row => row.Place.Stage is CellStage.Search);
        string seeds = manifest.Seeds.Count == 1 ? "seed" : "seeds";
        string state = $"{manifest.Methods.Count} methods, {manifest.Datasets.Count} data {(manifest.Datasets.Count == 1 ? "set" : "sets")}, {seeds} {string.Join(", ", manifest.Seeds)}; {results.Rows.Count - searched} results";
        if (searched > 0) state += $" after {searched} trials of learning rates";
        return results.Missing == 0 ? state + "." : $"{state}. Not complete: {results.Missing} results are missing, {results.Failures.Count} of them failed.";
    }

    private static string Navigation(string[] datasets) =>
        $"<nav aria-label=\"Sections\">{string.Concat(datasets.Select((dataset, i) => $"<a href=\"#data-{i + 1}\">{Svg.Escape(dataset)}</a>"))}<a href=\"#how\">How it was measured</a></nav>\n";
}
