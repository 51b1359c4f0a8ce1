using System.CommandLine;
using Dmkd.Client.Display;
using Dmkd.Experiments.Reports;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd experiment report</c>: tables for programs and a page for people, from what is finished so far.</summary>
internal sealed class ExperimentReportCommand : Command
{
    private readonly Argument<string> _folder = new("folder") { Description = "Folder of results that `experiment run` wrote" };
    private readonly CommonOptions _common = new();

    public ExperimentReportCommand()
        : base("report", "Write results.csv, results.jsonl and report.html into a folder of results")
    {
        Arguments.Add(_folder);
        _common.AddTo(this);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        string folder = Path.GetFullPath(parsed.GetValue(_folder)!);
        var results = ExperimentResults.Load(folder);
        var document = ReportDocument.Of(results, folder, ExperimentReport.Write(results, folder));
        if (_common.Json(parsed)) JsonOutput.Write(document);
        else ExperimentTables.WriteReport(Consoles.Create(json: false), document);
        return ExitCode.Success;
    }
}
