using System.Globalization;
using System.Text;
using Dmkd.Experiments.Protocol;

namespace Dmkd.Experiments.Reports;

/// <summary>
/// The report as one page that needs nothing else: no network, no scripts, drawings inside. It is well-formed XML, too.
/// </summary>
internal static class HtmlReport
{
    /// <summary>Writes the page.</summary>
    public static string Write(ExperimentResults results)
    {
        string name = Svg.Escape(results.Manifest.Name);
        string[] datasets = [.. results.Manifest.Datasets.Where(dataset => results.LabelsOf(dataset).Count > 0)];
        var page = new StringBuilder()
            .Append(
                "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n<meta "
                    + "name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
            )
            .Append(
                CultureInfo.InvariantCulture,
                $"<title>{name}: report</title>\n<style>\n{PageStyle.Sheet}\n</style>\n</head>\n<body>\n"
            )
            .Append(
                CultureInfo.InvariantCulture,
                $"<header><h1>{name}</h1>\n<p class=\"lead\">{Svg.Escape(State(results))}</p>\n{Navigation(datasets)}</header>\n<main>\n"
            );
        for (int i = 0; i < datasets.Length; i++)
            page.Append(
                CultureInfo.InvariantCulture,
                $"<section id=\"data-{i + 1}\">\n<h2>{Svg.Escape(datasets[i])}</h2>\n"
                    + $"{DatasetSection.Write(results, datasets[i])}</section>\n"
            );
        return page.Append(
                CultureInfo.InvariantCulture,
                $"<section id=\"how\">\n<h2>How it was measured</h2>\n{CircumstancesSection.Write(results)}</section>\n"
                    + $"</main>\n</body>\n</html>\n"
            )
            .ToString();
    }

    private static string State(ExperimentResults results)
    {
        var manifest = results.Manifest;
        int searched = results.Rows.Count(row => row.Place.Stage is CellStage.Search);
        string seeds = manifest.Seeds.Count == 1 ? "seed" : "seeds";
        string state =
            $"{manifest.Methods.Count} methods, {manifest.Datasets.Count} data "
            + $"{(manifest.Datasets.Count == 1 ? "set" : "sets")}, {seeds} "
            + $"{string.Join(", ", manifest.Seeds)}; {results.Rows.Count - searched} results";
        if (searched > 0)
            state += $" after {searched} trials of learning rates";
        return results.Missing == 0
            ? state + "."
            : $"{state}. Not complete: {results.Missing} results are missing, {results.Failures.Count} of them failed.";
    }

    private static string Navigation(string[] datasets)
    {
        string links = string.Concat(
            datasets.Select((dataset, i) => $"<a href=\"#data-{i + 1}\">{Svg.Escape(dataset)}</a>")
        );
        return $"<nav aria-label=\"Sections\">{links}<a href=\"#how\">How it was measured</a></nav>\n";
    }
}

/// <summary>A table of the report; the first column names the rows.</summary>
/// <param name="caption">What the numbers are.</param>
/// <param name="columns">Heads of the columns.</param>
internal sealed class HtmlTable(string caption, IReadOnlyList<string> columns)
{
    private readonly StringBuilder _rows = new();

    /// <summary>Adds a row.</summary>
    /// <param name="cells">As many as there are columns.</param>
    /// <param name="main">Whether the row stands out.</param>
    public void Add(IEnumerable<string> cells, bool main = false)
    {
        _rows.Append(main ? "<tr class=\"main\">" : "<tr>");
        foreach (var (index, cell) in cells.Index())
        {
            string wide = cell.Length > 40 ? " class=\"text\"" : "";
            _rows.Append(
                index == 0 ? $"<th scope=\"row\">{Svg.Escape(cell)}</th>" : $"<td{wide}>{Svg.Escape(cell)}</td>"
            );
        }

        _rows.Append("</tr>\n");
    }

    public override string ToString()
    {
        string heads = string.Concat(columns.Select(column => $"<th scope=\"col\">{Svg.Escape(column)}</th>"));
        return $"<div class=\"scroll\"><table><caption>{Svg.Escape(caption)}</caption><thead><tr>{heads}</tr></thead>\n"
            + $"<tbody>\n{_rows}</tbody></table></div>\n";
    }
}

/// <summary>Numbers as the report shows them.</summary>
internal static class Numbers
{
    /// <summary>A mean, and its standard deviation when there is one.</summary>
    public static string MeanAndDeviation(SampleSummary summary, Func<double, string> text) =>
        summary.Deviation is { } deviation ? $"{text(summary.Mean)} ± {text(deviation)}" : text(summary.Mean);

    /// <summary>A probability.</summary>
    public static string Probability(double? value) =>
        value switch
        {
            null => "-",
            < 0.001 => "< 0.001",
            { } p => p.ToString("F3", CultureInfo.InvariantCulture),
        };

    /// <summary>A difference of shares in percentage points, with its sign.</summary>
    public static string Points(double share) => (100 * share).ToString("+0.0;−0.0;0.0", CultureInfo.InvariantCulture);
}

/// <summary>The report's style sheet: light and dark by the reader's preference, light on paper.</summary>
internal static class PageStyle
{
    private const string Light = """
          --paper: #ffffff; --ink: #1c2430; --soft: #5a6675; --line: #d9dfe6; --band: #f4f6f9; --accent: #1b5fc4; color-scheme: light;
          --c0: #1b5fc4; --c1: #c4501b; --c2: #1a7f52; --c3: #8b3fb5; --c4: #94700a; --c5: #c2185b;
          --c6: #00788a; --c7: #6d4c41; --c8: #506470; --c9: #4f7d1f; --c10: #d03a1f; --c11: #3949ab;
        """;

    private const string Dark = """
          --paper: #12161c; --ink: #e6eaf0; --soft: #9aa7b5; --line: #2c3540; --band: #1a2028; --accent: #7fb0ff; color-scheme: dark;
          --c0: #7fb0ff; --c1: #ff9666; --c2: #5fd3a0; --c3: #cf9bf0; --c4: #e6c34d; --c5: #ff7aa8;
          --c6: #4dd0d9; --c7: #c8a08f; --c8: #a5b8c2; --c9: #a5d46a; --c10: #ff8a75; --c11: #a9b1ff;
        """;

    /// <summary>The whole sheet.</summary>
    public static string Sheet { get; } =
        $$"""
            :root {
            {{Light}}
            }
            @media screen and (prefers-color-scheme: dark) {
              :root {
            {{Dark}}
              }
            }
            * { box-sizing: border-box; }
            body { margin: 0 auto; max-width: 1240px; padding: 24px 20px 64px; background: var(--paper); color: var(--ink);
              font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
            h1 { font-size: 1.7rem; margin: 0 0 4px; }
            h2 { font-size: 1.3rem; margin: 40px 0 8px; padding-top: 12px; border-top: 2px solid var(--line); }
            h3 { font-size: 1.05rem; margin: 28px 0 6px; }
            p, li { max-width: 80ch; }
            .lead, .note, figcaption, caption { color: var(--soft); }
            .note, figcaption, caption { font-size: 0.88rem; }
            nav a { margin-right: 14px; }
            a { color: var(--accent); }
            .scroll { overflow-x: auto; }
            table { border-collapse: collapse; margin: 8px 0; font-variant-numeric: tabular-nums; }
            caption { text-align: left; caption-side: bottom; padding-top: 6px; max-width: 90ch; }
            th, td { padding: 4px 12px; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
            th:first-child, td:first-child { text-align: left; padding-left: 6px; }
            thead th { border-bottom: 2px solid var(--soft); vertical-align: bottom; font-weight: 600; }
            tbody tr:nth-child(even) { background: var(--band); }
            tr.main th, tr.main td { font-weight: 650; }
            td.text { text-align: left; white-space: normal; overflow-wrap: anywhere; }
            .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr));
              gap: 18px 28px; align-items: start; }
            .maps { display: flex; flex-wrap: wrap; gap: 18px 28px; }
            .maps figure { width: 316px; }
            figure { margin: 0; break-inside: avoid; }
            figure h4 { margin: 0 0 2px; font-size: 0.95rem; font-weight: 600; }
            svg { display: block; width: 100%; height: auto; }
            .t { font: 12px system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; fill: var(--ink); }
            .tick { fill: var(--soft); font-size: 11px; } .title { fill: var(--soft); }
            .label.main { font-weight: 700; }
            .grid { stroke: var(--line); stroke-width: 1; } .axis { stroke: var(--soft); stroke-width: 1; }
            .line { fill: none; stroke-width: 1.8; stroke-linejoin: round; } .line.main { stroke-width: 3; }
            .bar { stroke-width: 1.2; opacity: 0.7; } .whisker { stroke: var(--ink); stroke-width: 1.2; }
            .leader { stroke: var(--line); stroke-width: 1; }
            .cell { stroke: var(--paper); stroke-width: 1; } .onDark { fill: #ffffff; } .onLight { fill: #10151c; }
            .d1 { stroke-dasharray: 7 3; } .d2 { stroke-dasharray: 2 3; } .d3 { stroke-dasharray: 9 3 2 3; }
            {{Colours()}}
            @media print {
              body { max-width: none; padding: 0; font-size: 10pt; }
              nav { display: none; }
              .scroll { overflow: visible; }
              th, td { padding: 2px 6px; font-size: 8.5pt; white-space: normal; }
              h2 { break-before: page; } h2:first-of-type { break-before: auto; }
              svg, tr { break-inside: avoid; }
              * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
            }
            """;

    private static string Colours() =>
        string.Join(
            "\n",
            Enumerable
                .Range(0, 12)
                .Select(i =>
                    $".line.c{i}, .bar.c{i} {{ stroke: var(--c{i}); }} .dot.c{i}, .area.c{i}, .label.c{i} {{ "
                    + $"fill: var(--c{i}); }}"
                )
        );
}
