using System.Globalization;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Preservation;
using Dmkd.Contracts.Runs;

namespace Dmkd.Client.Rendering;

/// <summary>An event as people read it, and as <c>runs show --json</c> prints it. Field names are stable.</summary>
/// <param name="Sequence">Number of the event.</param>
/// <param name="At">When it happened.</param>
/// <param name="Text">One line.</param>
internal sealed record EventLine(long Sequence, DateTimeOffset At, string Text)
{
    /// <summary>The lines of events, in their order; some events have none.</summary>
    /// <param name="events">What happened.</param>
    /// <param name="hasBars">Whether bars show the rounds that merged, so that they need no lines.</param>
    public static IEnumerable<EventLine> Of(IEnumerable<RunEvent> events, bool hasBars = true)
    {
        foreach (var happened in events)
        {
            string? text =
                happened is RoundMerged round && !hasBars ? EventText.OfRound(round) : EventText.Of(happened);
            if (text is not null)
                yield return new EventLine(happened.Sequence, happened.At, text);
        }
    }
}

/// <summary>
/// The words for what happened in runs and preservations. Grains store facts; the sentences are made here.
/// </summary>
internal static class EventText
{
    /// <summary>One line, or null for an event that the console does not show.</summary>
    public static string? Of(RunEvent happened) =>
        happened switch
        {
            StageRetried(var stage, var reason) => $"{stage} is tried again: {reason}",
            RunFailed failed => failed.Reason,
            LegacyTrained legacy => Text(
                $"legacy model: {legacy.Architecture}, {legacy.Accuracy:P1} on its {legacy.Classes} classes"
            ),
            ExpertPreserved expert => Text(
                $"preserved {expert.Module}: {expert.Architecture}, cluster {expert.Cluster}, {expert.ImportanceShare:P0} of the importance"
            ),
            ExpertAdded expert => $"{TaskOf(expert.Task, expert.Tasks)}: {expert.Module} for "
                + $"{string.Join(", ", expert.ClassNames)} "
                + Text($"({OriginOf(expert)}, {expert.Parameters:N0} parameters)"),
            RoundRejected rejected => rejected.Reason,
            RoundRepeated round => Text(
                $"round {round.Round + 1} of task {round.Task + 1} is collected once more: {round.Reason}"
            ),
            UpdateRefused refused => $"refused: {refused.Reason}",
            NodeMissed missed => Text($"{missed.Node} takes no part in round {missed.Round + 1}: {missed.Reason}"),
            NodeLeft(var node) => $"{node} leaves: it is not asked from the next round on",
            NodeJoined(var node) => $"{node} joins: it is asked from the next round on",
            NodeSilent silent => $"{silent.Node} did not {WordsOf(silent.Measurement)}: {silent.Reason}",
            MeasurementRefused refused => refused.Reason,
            LessonRefused lesson => $"{string.Join(", ", lesson.ClassNames)} cannot be learned: {lesson.Reason}",
            ExpertDiverged expert => Text(
                $"{expert.Module} diverged: mean loss {expert.Loss:N1} where guessing has {expert.Guessing:N1}"
            ),
            GateFitted { IsDiscriminant: true } gate => Text(
                $"discriminants fitted to {gate.Images:N0} images of {gate.Nodes} nodes"
            ),
            GateFitted gate => Text($"routing fitted to {gate.Images:N0} exemplars of {gate.Nodes} nodes"),
            TaskEvaluated task => Text(
                $"{TaskOf(task.Task, task.Tasks)}: accuracy {task.ClassIncremental:P1} class-incremental, "
            ) + Text($"{task.TaskIncremental:P1} task-incremental, right expert {task.RightExpert:P1}"),
            LegacyMeasured legacy => Text(
                $"legacy model {legacy.Source}: {legacy.Accuracy:P2} of {legacy.TestImages:N0} test images"
            ),
            SurrogateDistilled surrogate => Text(
                $"surrogate {surrogate.Architecture}: {surrogate.Accuracy:P1} after {surrogate.Steps:N0} steps "
            ) + $"on the answers of {surrogate.Source}",
            ModuleCut cut => Text($"{cut.Module}: {cut.Classes} classes, {cut.Parameters:N0} parameters, ")
                + Text($"{cut.MultiplyAddsShare:P1} of the MACs, {cut.ImportanceShare:P0} of the importance"),
            ModuleDistilled module => Text(
                $"{module.Module}: {module.Before:P1} before and {module.After:P1} after {module.Steps:N0} steps "
            ) + Text($"(legacy model {module.Legacy:P1} on these classes)"),
            LibraryEvaluated(var result) => Text(
                $"R = {result.TopExperts}: {result.Accuracy:P2} of the test images, right expert {result.RightExpert:P1}, "
            ) + Text($"{result.MultiplyAdds / 1e6:F1} M multiply-adds per input"),
            _ => null, // merged rounds are seen by their bars, and of an unknown event nothing is known
        };

    /// <summary>A round that merged, where no bar shows it.</summary>
    public static string OfRound(RoundMerged round) =>
        Text($"round {round.Round + 1} of task {round.Task + 1}: version {round.Version} of {round.Updates} updates")
        + (round.Training is { } training ? OfTraining(training) : "");

    /// <summary>A task's bar after a round.</summary>
    public static string OfBar(RoundMerged round, int tasks, TrainingFigures training) =>
        Text($"{TaskOf(round.Task, tasks)}, loss {training.MeanLoss:0.000}, accuracy {training.Accuracy:P0}");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static string OfTraining(TrainingFigures training) =>
        Text($", training loss {training.MeanLoss:0.000}, accuracy {training.Accuracy:P1}");

    private static string TaskOf(int task, int tasks) => Text($"task {task + 1}/{tasks}");

    private static string OriginOf(ExpertAdded expert)
    {
        if (expert.LearnedBy is { } run)
            return $"learned by {run}";
        return expert.Origin switch
        {
            ModuleOrigin.Preserved => "preserved",
            ModuleOrigin.Spawned => $"spawned from {expert.Parent ?? "the legacy model"}",
            _ => "random",
        };
    }

    private static string WordsOf(NodeMeasurement measurement) =>
        measurement switch
        {
            NodeMeasurement.Exemplars => "score its exemplars",
            NodeMeasurement.Moments => "measure moments",
            NodeMeasurement.Evaluation => "route its held-out examples",
            _ => "measure entropy",
        };
}
