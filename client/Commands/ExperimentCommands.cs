using System.CommandLine;
using Dmkd.Client.Errors;
using Dmkd.Client.Hosting;
using Dmkd.Client.Rendering;
using Dmkd.Core.Devices;
using Dmkd.Experiments.Learners;
using Dmkd.Experiments.Plans;
using Dmkd.Experiments.Protocol;
using Dmkd.Experiments.Reports;
using Dmkd.Grains.Nodes;
using Dmkd.Grains.Runs;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd experiment</c>: methods, data sets and seeds of a file, measured under one protocol.</summary>
internal sealed class ExperimentCommand : Command
{
    public ExperimentCommand()
        : base("experiment", "Compare methods over data sets and seeds, as a file says, and report on it")
    {
        Subcommands.Add(new ExperimentRunCommand());
        Subcommands.Add(new ExperimentReportCommand());
    }
}

/// <summary>
/// <c>dmkd experiment run</c>: measures what a file asks for and what is not finished yet; killed, it goes on with the
/// same command.
/// </summary>
internal sealed class ExperimentRunCommand : Command
{
    private readonly Argument<string> _file = new("file")
    {
        Description = "Experiment file (YAML), such as experiments/smoke.yaml",
    };
    private readonly Option<string?> _output = new("--output")
    {
        Description = "Folder of results; results/<name of the experiment> when not given",
    };
    private readonly Option<int> _jobs = OptionReader.Number("--jobs", "Cells measured at a time", 1);
    private readonly CommonOptions _common = new();

    public ExperimentRunCommand()
        : base("run", "Measure methods x data sets x seeds of a file; finished cells are not repeated")
    {
        Arguments.Add(_file);
        Options.Add(_output);
        Options.Add(_jobs);
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        int jobs = OptionReader.AtLeast(parsed, _jobs, 1);
        string file = parsed.GetValue(_file)!;
        var plan = PlanReader.Read(file);
        var folder = new ExperimentFolder(
            Path.GetFullPath(parsed.GetValue(_output) ?? Path.Combine("results", plan.Name)),
            _common.HomeGiven(parsed)
        );
        ExperimentRunner.Check(plan, folder.Path);
        _common.RequireConvolutions(parsed);
        using (var device = new DeviceWorker(lanes: 1))
            ExperimentRunner.Check(plan, cell => Learners.Check(cell, device));
        bool json = _common.Json(parsed);
        var view = new ExperimentView(json, jobs);
        using var datasets = new DatasetCache();
        await ReadDataAsync(plan, view, datasets);

        ExperimentOutcome outcome;
        await using (var silo = await OpenAsync(parsed, folder, datasets, cancellationToken))
        {
            view.Begin(plan, folder.Path);
            try
            {
                outcome = await MeasureAsync(plan, folder, silo, datasets, view, jobs, cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                throw RunStoppedException.Of(
                    "experiment",
                    $"experiment run {file} --output {folder.Path}",
                    goesOn: false
                );
            }
        }

        folder.RemoveWork();
        return End(plan, folder.Path, outcome, view, json);
    }

    /// <summary>A cluster, or a silo of the experiment's own over a folder beside its results.</summary>
    private async Task<ICluster> OpenAsync(
        ParseResult parsed,
        ExperimentFolder folder,
        DatasetCache datasets,
        CancellationToken cancellationToken
    ) =>
        _common.NamesCluster(parsed)
            ? await _common.StartAsync(parsed, datasets, cancellationToken)
            : await EmbeddedSilo.StartAsync(
                folder.Home,
                datasets,
                new InterruptedRuns(),
                _common.Verbose(parsed),
                cancellationToken
            );

    private static async Task<ExperimentOutcome> MeasureAsync(
        ExperimentPlan plan,
        ExperimentFolder folder,
        ICluster silo,
        DatasetCache datasets,
        ExperimentView view,
        int jobs,
        CancellationToken cancellationToken
    )
    {
        var store = new CellStore(folder.Path);
        var setting = new WorkSetting(
            folder.Path,
            Versions.Current,
            MachineInfo.Read(silo.Training.Device.ToString()),
            plan.Watts
        );
        using var validation = new ValidationImages(folder.Validation, (source, _) => datasets.GetAsync(source));
        var work = new CellWork(
            new Learners(silo.Grains, silo.Training, TimeProvider.System),
            (source, _) => datasets.GetAsync(source),
            validation,
            store,
            setting,
            TimeProvider.System
        );
        return await view.FollowAsync(() =>
            new ExperimentRunner(plan, folder.Path, work, view).RunAsync(jobs, cancellationToken)
        );
    }

    /// <summary>
    /// Reads every data set before anything is stored, and refuses those that do not suit the experiment.
    /// </summary>
    private static async Task ReadDataAsync(ExperimentPlan plan, ExperimentView view, DatasetCache datasets)
    {
        foreach (var data in plan.Data)
        {
            var settings = plan.SettingsFor(data, plan.Seeds[0]);
            var dataset = await view.ReadDataAsync(datasets, data.Source);
            var problem = new ContinualProblem(dataset, settings);
            if (plan.Methods.All(method => method.Method != DmkdParameters.MethodName))
                continue;
            for (int task = 0; task < problem.Tasks.Count; task++)
                _ = new SimulatedShards(new RunData(dataset, settings), 0).TrainingOf(task);
        }
    }

    private static int End(
        ExperimentPlan plan,
        string folder,
        ExperimentOutcome outcome,
        ExperimentView view,
        bool json
    )
    {
        var document = ExperimentDocument.Of(plan, folder, outcome, ExperimentResults.Load(folder));
        view.End(document);
        if (json)
            JsonOutput.Write(document);
        return outcome.Failures.Count == 0
            ? ExitCode.Success
            : throw new RunFailedException(
                $"{outcome.Failures.Count} of {outcome.Cells} cells failed, {outcome.Failures[0].Cell} with: "
                    + $"{outcome.Failures[0].Error} They are tried again by the same command."
            );
    }
}

/// <summary>
/// <c>dmkd experiment report</c>: tables for programs and a page for people, from what is finished so far.
/// </summary>
internal sealed class ExperimentReportCommand : Command
{
    private readonly Argument<string> _folder = new("folder")
    {
        Description = "Folder of results that `experiment run` wrote",
    };
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
        if (_common.Json(parsed))
            JsonOutput.Write(document);
        else
            ExperimentTables.WriteReport(Consoles.Create(json: false), document);
        return ExitCode.Success;
    }
}
