using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;

namespace Dmkd.Experiments.Tests.Methods;

/// <summary>A run whose looks are written down beforehand; the last one repeats.</summary>
internal sealed class ScriptedRun(RunReport? report, params RunProgress[] looks) : ITrainingRunGrain
{
    private int _next;

    /// <summary>The event numbers that were asked from.</summary>
    public List<long> Asked { get; } = [];

    public Task<RunProgress> GetProgressAsync(long afterEvent, CancellationToken cancellationToken = default)
    {
        Asked.Add(afterEvent);
        var look = looks[Math.Min(_next++, looks.Length - 1)];
        return Task.FromResult(look with { Events = [.. look.Events.Where(entry => entry.Sequence > afterEvent)] });
    }

    public Task<RunReport?> GetReportAsync(CancellationToken cancellationToken = default) => Task.FromResult(report);

    public Task StartAsync(RunSettings settings, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public Task<int> LearnAsync(Lesson lesson, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public Task ResumeAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task MoveDataAsync(string path, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public Task StopAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task<RemovedRun> RemoveAsync(CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public Task<IReadOnlyList<RunNode>> ListNodesAsync(CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public Task LeaveAsync(int node, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public Task JoinAsync(int node, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task<RunSettings?> GetSettingsAsync(CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();
}
