using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Nodes;

namespace Dmkd.Grains.Nodes;

/// <summary>What a node persists: the last work per module.</summary>
internal sealed class NodeState
{
    /// <summary>By module name.</summary>
    public Dictionary<string, HeldModule> Held { get; set; } = [];
}

/// <summary>A module as a node holds it.</summary>
internal sealed class HeldModule
{
    /// <summary>The last work.</summary>
    public required string WorkKey { get; set; }

    /// <summary>Its run.</summary>
    public string RunId { get; set; } = "";

    /// <summary>Its round.</summary>
    public required int Round { get; set; }

    /// <summary>Version that the work started from.</summary>
    public required int BaseVersion { get; set; }

    /// <summary>Digest of that version's weights, of which the node has a copy.</summary>
    public string? BaseDigest { get; set; }

    /// <summary>Digest of the round's shared basis, of which the node has a copy; null without.</summary>
    public string? BasisDigest { get; set; }

    /// <summary>Digest of the local weights, kept between merges only; null after a merge round.</summary>
    public string? LocalDigest { get; set; }

    /// <summary>Digest of the trained update, kept until the round's shared basis is known.</summary>
    public string? Trained { get; set; }

    /// <summary>The packed update: what is sent again after a crash, to the last bit.</summary>
    public StoredBlob? Packed { get; set; }

    /// <summary>
    /// Digest of what compression has dropped, when error is fed back; of the rounds before this one.
    /// </summary>
    public string? Residual { get; set; }

    /// <summary>The same with this round's, should its update count.</summary>
    public string? NextResidual { get; set; }

    /// <summary>Whether the work is done: its update was answered, or its weights are kept.</summary>
    public bool IsDone { get; set; } = true;

    /// <summary>What the work did; null before it is trained.</summary>
    public LocalUpdateReport? Report { get; set; }
}

/// <summary>A local update that a node is working on.</summary>
internal sealed class RunningWork : IDisposable
{
    private readonly CancellationTokenSource _cancellation;

    /// <param name="request">What is asked for.</param>
    /// <param name="stopping">Ends all work of the node.</param>
    public RunningWork(LocalUpdateRequest request, CancellationToken stopping)
    {
        Module = NodeRules.HeldKeyOf(request.Settings, request.Module);
        Round = request.Round;
        _cancellation = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        Token = _cancellation.Token;
    }

    public string Module { get; }

    public int Round { get; }

    /// <summary>Ends the work: its silo stops, or a later round of the module has begun.</summary>
    public CancellationToken Token { get; }

    public bool IsCancelled => Token.IsCancellationRequested;

    /// <summary>Share done, written by a lane and read by the node.</summary>
    public double Progress
    {
        get => Volatile.Read(ref field);
        set => Volatile.Write(ref field, value);
    }

    public string? Error { get; set; }

    public Task Task { get; set; } = Task.CompletedTask;

    public void Cancel() => _cancellation.Cancel();

    public void Dispose() => _cancellation.Dispose();
}
