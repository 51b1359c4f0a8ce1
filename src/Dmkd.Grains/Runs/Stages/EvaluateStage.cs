using Dmkd.Contracts.Routing;
using Dmkd.Contracts.Runs;
using Dmkd.Core.Training;
using Dmkd.Grains.Runs.Engine;
using Dmkd.Grains.Runs.Rounds;
using Dmkd.Hosting.Telemetry;
using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Runs.Stages;

/// <summary>Evaluates all tasks seen through the router (proposal 3.5), and goes on with the next task.</summary>
internal sealed partial class EvaluateStage(RunScope run) : IRunStage<RunPhase>
{
    public RunPhase Phase => RunPhase.Evaluate;

    public bool IsSkipped => false;

    public async Task<StageEnd<RunPhase>> RunAsync(CancellationToken cancellationToken)
    {
        var state = run.State;
        using var activity = DmkdTelemetry.StartEvaluate(run.RunId, state.Task);
        var result = run.Settings.Library is null
            ? await OnTestImagesAsync(cancellationToken)
            : await new FederatedEvaluation(run).RunAsync(cancellationToken);
        Record(state, result);
        Publish(result);
        if (run.Settings.Library is not null)
            return await AfterLessonAsync();
        if (state.Task + 1 == run.Settings.Tasks)
            return StageEnd<RunPhase>.Next;
        state.Task++;
        return StageEnd<RunPhase>.At(RunPhase.Assign);
    }

    private Task<EvaluationResult> OnTestImagesAsync(CancellationToken cancellationToken)
    {
        var router = run.Grains.GetGrain<IRouterGrain>(run.RunId);
        var evaluation = new RunEvaluation(router, run.Data, run.Settings, parallelism: run.Services.Work.ServingLanes);
        return evaluation.RunAsync(run.State.Task, RunRules.ModuleName, run.Progress, cancellationToken);
    }

    /// <summary>A library goes on with the lesson that was asked for next, if one was.</summary>
    private async Task<StageEnd<RunPhase>> AfterLessonAsync()
    {
        if (!await run.NextLessonAsync())
            return StageEnd<RunPhase>.Next;
        await run.LoadAsync();
        return StageEnd<RunPhase>.At(RunPhase.Assign);
    }

    /// <summary>
    /// Writes a task's result down. Rows are cut to the tasks before it first: a repeat after a crash replaces its own
    /// row.
    /// </summary>
    internal static void Record(TrainingRunState state, EvaluationResult result)
    {
        state.ClassIncremental = [.. state.ClassIncremental.Take(state.Task), result.ClassIncremental];
        state.TaskIncremental = [.. state.TaskIncremental.Take(state.Task), result.TaskIncremental];
        state.MacroF1 = result.MacroF1;
        state.TaskDetectionRate = result.TaskDetectionRate;
        state.DeviceSeconds += result.DeviceSeconds;
    }

    private void Publish(EvaluationResult result)
    {
        var state = run.State;
        double classIncremental = result.ClassIncremental.Average();
        double taskIncremental = result.TaskIncremental.Average();
        run.Services.Instruments.Evaluated(
            run.RunId,
            "class-incremental",
            classIncremental,
            RunRules.Forgetting(state.ClassIncremental)
        );
        run.Services.Instruments.Evaluated(
            run.RunId,
            "task-incremental",
            taskIncremental,
            RunRules.Forgetting(state.TaskIncremental)
        );
        run.Tell(
            new TaskEvaluated(
                state.Task,
                run.Settings.Tasks,
                classIncremental,
                taskIncremental,
                result.TaskDetectionRate
            )
        );
        LogEvaluated(run.Logger, run.RunId, state.Task + 1, classIncremental, taskIncremental);
    }

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Run {RunId}: after task {Task} accuracy is {ClassIncremental:P1} class-incremental, "
            + "{TaskIncremental:P1} task-incremental"
    )]
    private static partial void LogEvaluated(
        ILogger logger,
        string runId,
        int task,
        double classIncremental,
        double taskIncremental
    );
}

/// <summary>What an evaluation after a task found.</summary>
/// <param name="Scores">What was measured.</param>
/// <param name="DeviceSeconds">Device time, in seconds.</param>
internal sealed record EvaluationResult(EvaluationScores Scores, double DeviceSeconds) : EvaluationScores(Scores);
