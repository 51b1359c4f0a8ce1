using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;

namespace Dmkd.Chaos.Simulation;

/// <summary>
/// What an all-knowing observer of a world writes down, to be compared with what is stored at the end.
/// </summary>
internal sealed class Journal
{
    private static readonly bool IsTraced = Environment.GetEnvironmentVariable("TRACE") is not null;
    private readonly Dictionary<string, string[]> _residuals = [];

    /// <summary>Updates that nodes were told are accepted, by node and round.</summary>
    public HashSet<(string NodeId, int Round)> Accepted { get; } = [];

    /// <summary>Rounds whose coordinator told that they are closed, with the number of the version.</summary>
    public Dictionary<int, int> Closed { get; } = [];

    /// <summary>Rounds that were told to be rejected.</summary>
    public HashSet<int> Rejected { get; } = [];

    /// <summary>What went wrong.</summary>
    public List<string> Violations { get; } = [];

    /// <summary>
    /// What happened when, for a person who replays a seed with TRACE set; null for all others, who pay nothing for it.
    /// </summary>
    public List<string>? Trace { get; } = IsTraced ? [] : null;

    public void Residual(LocalUpdateRequest request, string[] counted) => _residuals[Key(request)] = counted;

    public string[] LastResidual(LocalUpdateRequest request) => _residuals[Key(request)];

    public void Told(MergeRoundStatus status, int round)
    {
        if (status.Phase is MergePhase.Rejected)
            Rejected.Add(round);
        if (status is not { Phase: MergePhase.Closed, Result: { } result })
            return;
        if (!Closed.TryAdd(round, result.Number) && Closed[round] != result.Number)
            Violations.Add(
                $"round {round + 1} was closed with version {Closed[round]} and with version {result.Number}"
            );
    }

    private static string Key(LocalUpdateRequest request) => $"{request.NodeIndex} {request.WorkKey}";
}
