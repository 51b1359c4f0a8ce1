namespace Dmkd.Experiments.Reports;

/// <summary>The document that <c>experiment report --json</c> prints. Field names are stable.</summary>
public sealed record ReportDocument
{
    /// <summary>The experiment.</summary>
    public required string Name { get; init; }

    /// <summary>The folder of results.</summary>
    public required string Folder { get; init; }

    /// <summary>The files that were written.</summary>
    public required IReadOnlyList<string> Files { get; init; }

    /// <summary>Finished places of the experiment.</summary>
    public required int Rows { get; init; }

    /// <summary>Places that are not finished.</summary>
    public required int Missing { get; init; }

    /// <summary>Cells that failed, with their reasons.</summary>
    public required IReadOnlyList<FailedCell> Failed { get; init; }

    /// <summary>One summary per data set and method.</summary>
    public required IReadOnlyList<MethodSummary> Summary { get; init; }

    /// <summary>The document of some results.</summary>
    public static ReportDocument Of(ExperimentResults results, string folder, IReadOnlyList<string> files)
    {
        ArgumentNullException.ThrowIfNull(results);
        return new ReportDocument
        {
            Name = results.Manifest.Name,
            Folder = folder,
            Files = files,
            Rows = results.Rows.Count,
            Missing = results.Missing,
            Failed = [.. results.Failures.Select(failure => new FailedCell(failure.Cell, failure.Error))],
            Summary =
            [
                .. from dataset in results.Manifest.Datasets
                from label in results.LabelsOf(dataset)
                select MethodSummary.Of(results, dataset, label),
            ],
        };
    }
}
