using System.Diagnostics;

namespace Dmkd.Hosting.Telemetry;

/// <summary>
/// DMKD's one activity source, named <see cref="Name"/> as the meter of <see cref="DmkdInstruments"/> is. Callers say
/// what happened; names live here.
/// </summary>
/// <remarks>
/// A round is one trace, whoever works on it and however often it is interrupted: its context is stored with the round
/// and travels in the requests, since work that a grain starts outlives the call that asked for it. Every method
/// answers null when nobody listens.
/// </remarks>
public static class DmkdTelemetry
{
    /// <summary>Name of the activity source and the meter.</summary>
    public const string Name = "Dmkd";

    private static readonly ActivitySource Source = new(Name);

    /// <summary>A command of the console.</summary>
    public static Activity? StartCommand(string command, string runId) =>
        Source.StartActivity(command, ActivityKind.Client)?.SetTag("dmkd.run", runId);

    /// <summary>An activation's work on a run, under the command that started it.</summary>
    /// <param name="startedBy">Context of that command, as stored; null when it had none.</param>
    /// <param name="runId">The run.</param>
    public static Activity? StartRun(string? startedBy, string runId) => Start("run", startedBy, runId, null);

    /// <summary>Begins the trace of a round: a span of a moment, linked to what started the run.</summary>
    /// <returns>Its context, to be stored with the round.</returns>
    public static string? BeginRound(string? startedBy, string runId, string module, int task, int round)
    {
        var current = Activity.Current;
        Activity.Current = null; // or the round would belong to the trace of whoever asks
        try
        {
            using var activity = Source.StartActivity(
                "begin round",
                ActivityKind.Internal,
                default(ActivityContext),
                links: LinksTo(startedBy)
            );
            activity
                ?.SetTag("dmkd.run", runId)
                .SetTag("dmkd.module", module)
                .SetTag("dmkd.task", task)
                .SetTag("dmkd.round", round);
            return activity?.Id;
        }
        finally
        {
            Activity.Current = current;
        }
    }

    /// <summary>An activation's work on a round: local updates and, when due, the merge.</summary>
    public static Activity? StartRound(string? trace, string runId, string module, int task, int round) =>
        Start("round", trace, runId, module)?.SetTag("dmkd.task", task).SetTag("dmkd.round", round);

    /// <summary>What the console sees of a round.</summary>
    public static Activity? StartWatch(string trace, int task, int round) =>
        Source
            .StartActivity("watch round", ActivityKind.Client, ContextOf(trace))
            ?.SetTag("dmkd.task", task)
            .SetTag("dmkd.round", round);

    /// <summary>A local update on a node.</summary>
    public static Activity? StartLocalUpdate(string? trace, string runId, string module, string node, int round) =>
        Start("local update", trace, runId, module)?.SetTag("dmkd.node", node).SetTag("dmkd.round", round);

    /// <summary>The training in a local update, with the wait for a lane.</summary>
    public static Activity? StartTrain(ActivityContext parent) =>
        Source.StartActivity("train", ActivityKind.Internal, parent);

    /// <summary>The compression of an update; runs on a lane, so the parent is named.</summary>
    public static Activity? StartCompress(ActivityContext parent, string compressor) =>
        Source.StartActivity("compress", ActivityKind.Internal, parent)?.SetTag("dmkd.compressor", compressor);

    /// <summary>The merge of a round's updates.</summary>
    public static Activity? StartMerge(string? trace, string runId, string module, int round) =>
        Start("merge", trace, runId, module)?.SetTag("dmkd.round", round);

    /// <summary>A module takes in a version.</summary>
    public static Activity? StartPublish(string module, int version) =>
        Start("publish", null, RunOf(module), module)?.SetTag("dmkd.version", version);

    /// <summary>The evaluation after a task.</summary>
    public static Activity? StartEvaluate(string runId, int task) =>
        Start("evaluate", null, runId, null)?.SetTag("dmkd.task", task);

    /// <summary>The preservation of a legacy model.</summary>
    public static Activity? StartPreserve(string runId) => Start("preserve", null, runId, null);

    /// <summary>
    /// An update came when its round no longer took any: a span in its own trace, linked to the round that is open now.
    /// </summary>
    /// <param name="trace">Context of that round.</param>
    /// <param name="module">The module's key.</param>
    /// <param name="node">The node.</param>
    /// <param name="round">The update's round.</param>
    public static void CameLate(string? trace, string module, string node, int round)
    {
        using var activity = Source.StartActivity(
            "late update",
            ActivityKind.Internal,
            default(ActivityContext),
            links: LinksTo(trace)
        );
        activity
            ?.SetTag("dmkd.run", RunOf(module))
            .SetTag("dmkd.module", module)
            .SetTag("dmkd.node", node)
            .SetTag("dmkd.round", round);
    }

    internal static string RunOf(string module) => module.LastIndexOf('/') is var cut and >= 0 ? module[..cut] : "";

    /// <summary>A span under a stored context; under the current span when there is none.</summary>
    private static Activity? Start(string name, string? trace, string runId, string? module) =>
        Source
            .StartActivity(name, ActivityKind.Internal, ContextOf(trace))
            ?.SetTag("dmkd.run", runId)
            .SetTag("dmkd.module", module);

    private static ActivityContext ContextOf(string? trace) =>
        ActivityContext.TryParse(trace, null, isRemote: true, out var context) ? context : default;

    private static ActivityLink[] LinksTo(string? trace) =>
        ContextOf(trace) is var context && context != default ? [new ActivityLink(context)] : [];
}
