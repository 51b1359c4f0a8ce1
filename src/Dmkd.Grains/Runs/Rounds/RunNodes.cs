using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Runs;
using Dmkd.Hosting.Placement;

namespace Dmkd.Grains.Runs.Rounds;

/// <summary>
/// Tells where a run's nodes are and what they are at. Nodes that are on no silo are not woken for it.
/// </summary>
internal sealed class RunNodes(IGrainFactory grains, ClusterDevices devices, TimeProvider time)
{
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan FinishingPause = TimeSpan.FromMilliseconds(50);

    /// <summary>The nodes, in their order.</summary>
    /// <param name="state">The run as it is now; it may go on meanwhile.</param>
    /// <param name="runId">Its id.</param>
    public async Task<IReadOnlyList<RunNode>> ListAsync(TrainingRunState state, string runId) =>
        await Task.WhenAll(LinesOf(state, runId).Select(FillAsync));

    /// <summary>
    /// Waits for the nodes that finish a local update of a run that was stopped: what they store then would outlive its
    /// removal.
    /// </summary>
    /// <param name="state">The run.</param>
    /// <param name="runId">Its id.</param>
    /// <param name="limit">How long to wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Those that are still at it.</returns>
    public async Task<IReadOnlyList<string>> FinishingAsync(
        TrainingRunState state,
        string runId,
        TimeSpan limit,
        CancellationToken cancellationToken
    )
    {
        string[] work = [.. LastWork(state, runId)];
        long start = time.GetTimestamp();
        while (true)
        {
            var lines = LinesOf(state, runId).SelectMany(line => work.Select(key => line with { WorkKey = key }));
            var nodes = await Task.WhenAll(lines.Select(FillAsync));
            string[] finishing =
            [
                .. nodes
                    .Where(node => node.State is RunNodeState.Working or RunNodeState.Leaving)
                    .Select(node => node.NodeId)
                    .Distinct(),
            ];
            if (finishing.Length == 0 || time.GetElapsedTime(start) > limit)
                return finishing;
            await Task.Delay(FinishingPause, time, cancellationToken);
        }
    }

    /// <summary>Keys of the local updates that a node may be at: of this round, or late with the one before.</summary>
    private static IEnumerable<string> LastWork(TrainingRunState state, string runId)
    {
        if (state.Module is { } module)
        {
            yield return LocalUpdateRequest.KeyOf(runId, module.Name, state.Round);
            yield return LocalUpdateRequest.KeyOf(runId, module.Name, state.Round - 1);
        }

        if (state.Task > 0)
            yield return LocalUpdateRequest.KeyOf(
                runId,
                RunRules.ModuleName(state.Task - 1),
                state.Settings!.Training.Rounds - 1
            );
    }

    /// <summary>The nodes of a run that no silo is at work on, in their order.</summary>
    public static IReadOnlyList<RunNode> AtRest(TrainingRunState state, string runId) =>
        [.. LinesOf(state, runId).Select(line => line.Told(line.Node))];

    private static IEnumerable<Line> LinesOf(TrainingRunState state, string runId)
    {
        int[] asked = state.Phase is RunPhase.Train && !state.IsStopped ? state.Participants : [];
        return Enumerable
            .Range(0, RunRules.NodeCount(state.Settings!))
            .Select(node => new Line(
                Of(state, runId, node),
                asked.Contains(node) ? RunRules.UpdateRequest(state, runId, node, null).WorkKey : null,
                state.Absent.Contains(node)
            ));
    }

    private static RunNode Of(TrainingRunState state, string runId, int node)
    {
        var seen = state.Seen.GetValueOrDefault(node);
        return new RunNode
        {
            Index = node,
            NodeId = RunRules.NodeKey(state.Settings!, runId, node),
            State = RunNodeState.Idle,
            LastTask = seen?.Task,
            LastRound = seen?.Round,
            Missed = state.Missed.GetValueOrDefault(node),
        };
    }

    /// <summary>
    /// What a node that has left is at, from what it would be at otherwise: it finishes what it began.
    /// </summary>
    internal static RunNodeState StateOf(RunNodeState state, bool isAbsent)
    {
        if (!isAbsent)
            return state;
        return state is RunNodeState.Working or RunNodeState.Silent ? RunNodeState.Leaving : RunNodeState.Left;
    }

    private async Task<RunNode> FillAsync(Line line)
    {
        var grain = grains.GetGrain<INodeGrain>(line.Node.NodeId);
        var (silo, device) = await devices.PlaceOfAsync(grain);
        var node = line.Node with { Silo = silo, Device = device };
        if (silo is not null && line.WorkKey is { } work)
            node = await AskAsync(grain, work, node);
        return line.Told(node);
    }

    private async Task<RunNode> AskAsync(INodeGrain grain, string work, RunNode node)
    {
        try
        {
            var status = await grain.GetLocalUpdateAsync(work).WaitAsync(AnswerTimeout, time);
            return node with { Progress = status.Progress, Problem = status.Error, State = StateOf(status.State) };
        }
        catch (Exception e) when (e is TimeoutException or OrleansException)
        {
            return node with
            {
                State = RunNodeState.Silent,
                Problem = $"it did not answer within {AnswerTimeout.TotalSeconds:0} s",
            };
        }
    }

    private static RunNodeState StateOf(WorkState state) =>
        state switch
        {
            WorkState.Running => RunNodeState.Working,
            WorkState.Completed => RunNodeState.Done,
            WorkState.Failed => RunNodeState.Failed,
            _ => RunNodeState.Idle,
        };

    private sealed record Line(RunNode Node, string? WorkKey, bool IsAbsent)
    {
        /// <summary>What is told of a node that was found as such.</summary>
        public RunNode Told(RunNode node) => node with { State = StateOf(node.State, IsAbsent) };
    }
}
