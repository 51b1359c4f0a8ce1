using Dmkd.Contracts.Nodes;

namespace Dmkd.Grains.Nodes;

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
