using System.Collections.Concurrent;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;
using Dmkd.Core.Tensors;
using Dmkd.Grains.Merging;
using Dmkd.Hosting.Storage;

namespace Dmkd.Chaos.Poisoning;

/// <summary>A merge coordinator's state in memory, which tells when a round has ended.</summary>
internal sealed class CoordinatorSlot : IStateSlot<MergeCoordinatorState>
{
    private TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public MergeCoordinatorState State { get; } = new();

    /// <summary>Completes when the round that began last has a stored end, a good one or a bad one.</summary>
    public Task Ended => _ended.Task;

    /// <summary>A new round begins.</summary>
    public void Begin() => _ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task WriteAsync()
    {
        if (State.Phase is MergePhase.Closed or MergePhase.Failed or MergePhase.Rejected)
            _ended.TrySetResult();
        return Task.CompletedTask;
    }
}

/// <summary>A weight store that ends with its run.</summary>
internal sealed class MemoryStore : IWeightStore
{
    private readonly ConcurrentDictionary<string, byte[]> _blobs = [];

    public Task<string> PutAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        string digest = WeightDigest.Of(content.Span);
        _blobs.TryAdd(digest, content.ToArray());
        return Task.FromResult(digest);
    }

    public Task<byte[]> GetAsync(string digest, CancellationToken cancellationToken = default) =>
        _blobs.TryGetValue(digest, out byte[]? content)
            ? Task.FromResult(content)
            : throw new WeightStoreException($"There is no {digest}.");
}

/// <summary>Contacts of a coordinator whose module takes every version, and whose nodes measure nothing.</summary>
internal sealed class NoContacts : IMergeContacts
{
    public Task PublishAsync(ModuleVersion version) => Task.CompletedTask;

    public Task<ComparisonReport> MeasureAsync(MergeRoundPlan plan, string nodeId, ModuleVersion candidate) =>
        throw new NotSupportedException("These nodes measure nothing.");

    public Task<StatisticsReport> MeasureStatisticsAsync(MergeRoundPlan plan, string nodeId, ModuleVersion candidate) =>
        throw new NotSupportedException("These nodes measure nothing.");
}
