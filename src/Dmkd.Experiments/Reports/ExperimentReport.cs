using System.Text;
using Dmkd.Experiments.Reports.Html;
using Dmkd.Experiments.Running;

namespace Dmkd.Experiments.Reports;

/// <summary>Writes the report of a folder of results: <c>results.csv</c>, <c>results.jsonl</c> and <c>report.html</c>.</summary>
public static class ExperimentReport
{
    /// <summary>Writes the files, replacing older ones.</summary>
    /// <param name="results">What the folder holds.</param>
    /// <param name="folder">The folder.</param>
    /// <returns>Their paths.</returns>
    public static IReadOnlyList<string> Write(ExperimentResults results, string folder)
    {
        ArgumentNullException.ThrowIfNull(results);
        (string Name, string Text)[] files =
        [
            ("results.csv", ResultFiles.Csv(results.Rows)), ("results.jsonl", ResultFiles.JsonLines(results.Rows)), ("report.html", HtmlReport.Write(results)),
        ];
        foreach (var (name, text) in files) AtomicFile.Write(Path.Combine(folder, name), stream => stream.Write(Encoding.UTF8.GetBytes(text)));
        return [.. files.Select(file => Path.Combine(folder, file.Name))];
    }
}
