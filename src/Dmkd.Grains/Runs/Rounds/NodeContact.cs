using Dmkd.Contracts.Nodes;

namespace Dmkd.Grains.Runs.Rounds;

/// <summary>
/// A run's line to one node during a round: at most one call is under way, and nobody waits for it. A node that does
/// not answer therefore delays nothing.
/// </summary>
internal sealed class NodeContact(INodeGrain node, LocalUpdateRequest request, TimeProvider time)
{
    /// <summary>
    /// Looks after which a node that says it is done, and whose update did not arrive, is asked to send it again.
    /// </summary>
    private const int Patience = 4;

    private static readonly TimeSpan WithdrawPeriod = TimeSpan.FromSeconds(30);

    private bool _isTold;
    private DateTimeOffset? _withdrawnAt;
    private DateTimeOffset? _unansweredSince;
    private Task? _call;
    private int _looksInVain;

    /// <summary>What the node answered last.</summary>
    public LocalUpdateStatus Status { get; private set; } = new() { State = WorkState.Unknown };

    /// <summary>
    /// Whether the coordinator was told of late that this node takes no part. It is told again: a round that is opened
    /// once more forgets it.
    /// </summary>
    public bool IsWithdrawn => _withdrawnAt is { } at && time.GetUtcNow() - at < WithdrawPeriod;

    /// <summary>Why the last call failed; null when it did not.</summary>
    public Exception? Problem { get; private set; }

    /// <summary>How long the node has been asked in vain.</summary>
    public TimeSpan Silence => _unansweredSince is { } since ? time.GetUtcNow() - since : TimeSpan.Zero;

    /// <summary>Whether it was not told yet that the round goes on without the node; true once.</summary>
    public bool MayTell()
    {
        bool isFirst = !_isTold;
        _isTold = true;
        return isFirst;
    }

    /// <summary>The coordinator has been told that this node takes no part.</summary>
    public void NoteWithdrawn() => _withdrawnAt = time.GetUtcNow();

    /// <summary>Calls the node, unless a call is under way.</summary>
    /// <param name="isMissing">Whether the coordinator waits for the node's update.</param>
    public void Look(bool isMissing = false)
    {
        if (_call is { IsCompleted: false })
            return;
        _looksInVain = isMissing && Status.State is WorkState.Completed ? _looksInVain + 1 : 0;
        bool begins = Status.State is WorkState.Unknown || _looksInVain > Patience;
        if (begins)
            _looksInVain = 0;
        _unansweredSince ??= time.GetUtcNow();
        _call = CallAsync(begins);
    }

    private async Task CallAsync(bool begins)
    {
        try
        {
            if (begins)
                await node.StartLocalUpdateAsync(request);
            Status = await node.GetLocalUpdateAsync(request.WorkKey);
            Problem = null;
            _unansweredSince = null;
        }
#pragma warning disable CA1031 // nobody awaits this call: whatever went wrong is its answer, and the next look calls again
        catch (Exception e)
#pragma warning restore CA1031
        {
            Problem = e;
        }
    }
}

/// <summary>A merge that a node's update came to.</summary>
/// <param name="Task">Its task, from 0.</param>
/// <param name="Round">Its round within the task, from 0.</param>
internal sealed record SeenRound(int Task, int Round);
