using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Routing;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Core.Routing;
using Dmkd.Grains.Routing;
using Dmkd.Grains.Runs.Engine;
using Dmkd.Grains.Runs.Rounds;

namespace Dmkd.Grains.Runs.Stages;

/// <summary>
/// Fits the routing to what the nodes tell: scores of their exemplars (docs/adr/0018), or moments of their images
/// (docs/adr/0019). A repeat replaces what it published before.
/// </summary>
internal sealed class FitGateStage(RunScope run) : IRunStage<RunPhase>
{
    private readonly NodeMeasuring _nodes = new(run);

    public RunPhase Phase => RunPhase.Calibrate;

    public bool IsSkipped => !IsNeeded(run.Settings);

    private TrainingRunState State => run.State;

    private RunSettings Settings => run.Settings;

    /// <summary>
    /// Whether a run's routing is fitted to anything: a gate that scores, or evidence that is made comparable.
    /// </summary>
    public static bool IsNeeded(RunSettings settings) => RunGate.Of(settings).NeedsFit;

    public async Task<StageEnd<RunPhase>> RunAsync(CancellationToken cancellationToken)
    {
        if (RunGate.Of(Settings).Needs.HasFlag(GateNeeds.Moments))
            await FitDiscriminantsAsync(cancellationToken);
        else
            await FitToExemplarsAsync(cancellationToken);
        return StageEnd<RunPhase>.Next;
    }

    /// <summary>Has every expert so far score the nodes' exemplars, fits, and publishes.</summary>
    private async Task FitToExemplarsAsync(CancellationToken cancellationToken)
    {
        var modules = await run.Grains.GetGrain<IModuleCatalogGrain>(run.RunId).ListAsync(cancellationToken);
        ModuleSnapshot[] experts = [.. modules.Where(module => module.Descriptor.Role is ModuleRole.Expert)];
        int[] nodes = _nodes.Present(Enumerable.Range(0, Settings.Participation.Nodes));
        var answers = await Task.WhenAll(nodes.Select(node => _nodes.ExemplarsAsync(node, experts)));
        ExemplarReport[][][] reports = [.. answers.OfType<ExemplarReport[][]>()]; // in node order
        var exemplars = RunGate.Exemplars(experts, reports);
        if (exemplars.Labels.Length == 0)
            throw new InvalidOperationException($"None of {nodes.Length} nodes has an exemplar of the classes so far.");

        var gate = RunGate.Of(Settings); // a lane never reads grain state
        var fit = await run.Services.Work.FitAsync(gate, exemplars, cancellationToken);
        await PublishAsync(
            [.. experts.Select(expert => expert.Descriptor.Name)],
            fit.Parameters,
            exemplars.Labels.Length,
            cancellationToken
        );
        run.Spent("fit gate", fit.DeviceTime);
        ExemplarReport[] all = [.. reports.SelectMany(node => node).SelectMany(expert => expert)];
        State.Exemplars = exemplars.Labels.Length;
        State.DeviceSeconds += all.Sum(report => report.DeviceSeconds);
        CountRouting(all.Sum(report => report.Bytes));
        // A node keeps what it fetched: earlier experts for the fits before this one, and its holders the newest for
        // its statistics.
        int[] holders = RunParticipation.HoldersOf(Settings, State.Task);
        foreach (var (node, answer) in nodes.Zip(answers))
        {
            if (!holders.Contains(node) && answer is not null)
                State.BytesDown += answer[^1][0].DownloadedBytes;
        }

        run.Tell(new GateFitted(State.Task, IsDiscriminant: false, State.Exemplars, reports.Length));
    }

    /// <summary>
    /// Has the task's nodes measure its images in the feature space of every expert so far, adds that to the moments of
    /// earlier tasks, fits, and publishes. A repeat starts from the same earlier moments: they change when the stage
    /// ends.
    /// </summary>
    private async Task FitDiscriminantsAsync(CancellationToken cancellationToken)
    {
        string[] names = [.. Enumerable.Range(0, State.Task + 1).Select(RunRules.ModuleName)];
        var modules = await run.Grains.GetGrain<IModuleCatalogGrain>(run.RunId).ListAsync(cancellationToken);
        var byName = modules.ToDictionary(module => module.Descriptor.Name);
        ModuleSnapshot[] experts = [.. names.Select(name => byName[name])];
        var moments = State.Moments is { } blob
            ? LibraryMoments.Decode(await run.Services.Weights.GetAsync(blob.Digest, cancellationToken))
            : LibraryMoments.None;
        moments = await EarlierTasksAsync(moments, experts[^1], cancellationToken);
        int[] nodes = _nodes.Present(RunParticipation.HoldersOf(Settings, State.Task));
        var (sum, answers) = await MeasureAsync(moments, State.Task, nodes, experts);

        var gate = RunGate.Of(Settings);
        var fit = await run.Services.Work.FitAsync(gate, sum, names, cancellationToken);
        await PublishAsync(names, fit.Parameters, 0, cancellationToken);
        string digest = await run.Services.Weights.PutAsync(fit.Moments, cancellationToken);
        State.Moments = new StoredBlob(digest, fit.Moments.Length);
        run.Spent("fit gate", fit.DeviceTime);
        foreach (var (node, reports) in nodes.Zip(answers))
            State.BytesDown += FetchedFor(node, reports);
        long[] images = [.. answers.Select(reports => (long)reports[0].Counts.Sum())];
        run.Tell(new GateFitted(State.Task, IsDiscriminant: true, images.Sum(), images.Count(own => own > 0)));
    }

    /// <summary>
    /// Adds moments of earlier tasks in the newest expert's space, from those of a library's nodes that are here: they
    /// keep their images. In an experiment those of earlier tasks are gone.
    /// </summary>
    private async Task<LibraryMoments> EarlierTasksAsync(
        LibraryMoments moments,
        ModuleSnapshot newest,
        CancellationToken cancellationToken
    )
    {
        if (Settings.Library is not { } plan)
            return moments;
        var here = await _nodes.HereAsync(cancellationToken);
        for (int task = 0; task < State.Task; task++)
        {
            int[] nodes = [.. plan.Tasks[task].Nodes.Where(here.Contains)];
            if (nodes.Length == 0)
                continue; // the experts before know these classes
            (moments, var answers) = await MeasureAsync(moments, task, nodes, [newest]);
            var learners = plan.Tasks[State.Task].Nodes;
            State.BytesDown += nodes
                .Zip(answers)
                .Where(own => !learners.Contains(own.First))
                .Sum(own => own.Second[0].DownloadedBytes);
        }

        return moments;
    }

    /// <summary>Moments with those that nodes measure of a task, and what they told.</summary>
    private async Task<(LibraryMoments Sum, MomentsReport[][] Answers)> MeasureAsync(
        LibraryMoments moments,
        int task,
        int[] nodes,
        ModuleSnapshot[] experts
    )
    {
        var answers = await Task.WhenAll(nodes.Select(node => _nodes.MomentsAsync(node, task, experts)));
        var (sum, refusals) = moments.Plus(
            [.. experts.Select(expert => expert.Descriptor.Name)],
            [.. run.Data.Tasks.ClassesOf(task)],
            [.. nodes.Zip(answers, (node, reports) => (_nodes.KeyOf(node), reports))]
        );
        foreach (string refusal in refusals)
            run.Tell(new MeasurementRefused(refusal));
        MomentsReport[] all = [.. answers.SelectMany(reports => reports)];
        State.DeviceSeconds += all.Sum(report => report.DeviceSeconds);
        CountRouting(all.Sum(report => report.Bytes));
        return (sum, answers);
    }

    private async Task PublishAsync(
        string[] modules,
        byte[] parameters,
        int exemplars,
        CancellationToken cancellationToken
    )
    {
        string digest = await run.Services.Weights.PutAsync(parameters, cancellationToken);
        var gate = new FittedGate
        {
            Version = State.Task + 1,
            Routing = Settings.Routing,
            Calibration = Settings.Fitting.Calibration,
            Modules = modules,
            Parameters = new StoredBlob(digest, parameters.Length),
            Exemplars = exemplars,
        };
        await run.Grains.GetGrain<IModuleCatalogGrain>(run.RunId).PublishGateAsync(gate, cancellationToken);
    }

    private void CountRouting(long bytes)
    {
        State.BytesUp += bytes;
        State.RoutingBytes += bytes;
    }

    /// <summary>What a node fetched to measure moments, without the experts that it had.</summary>
    private long FetchedFor(int node, MomentsReport[] reports)
    {
        long bytes = 0;
        for (int expert = 0; expert < reports.Length; expert++)
        {
            if (!HadExpert(node, expert))
                bytes += reports[expert].DownloadedBytes;
        }

        return bytes;
    }

    /// <summary>
    /// Whether a node had fetched an expert's last version before: for its entropy, or for an earlier task's moments.
    /// </summary>
    private bool HadExpert(int node, int expert) =>
        expert == State.Task
        || Enumerable
            .Range(expert, State.Task - expert)
            .Any(task => RunParticipation.HoldersOf(Settings, task).Contains(node));
}
