using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Runs;

namespace Dmkd.Chaos.Simulation;

/// <summary>
/// What an all-knowing observer of a world writes down, to be compared with what is stored at the end.
/// </summary>
internal sealed class Journal
{
    private readonly Dictionary<string, string[]> _residuals = [];
    private readonly List<string> _trace = [];

    /// <summary>Updates that nodes were told are accepted, by module, node and round.</summary>
    public HashSet<(string Module, string NodeId, int Round)> Accepted { get; } = [];

    /// <summary>Rounds whose coordinator told that they are closed, with the number of the version.</summary>
    public Dictionary<(string Module, int Round), int> Closed { get; } = [];

    /// <summary>Rounds that were told to be rejected.</summary>
    public HashSet<(string Module, int Round)> Rejected { get; } = [];

    /// <summary>Phases that a run was seen in by its user.</summary>
    public HashSet<(string RunId, RunPhase Phase)> Seen { get; } = [];

    /// <summary>What went wrong.</summary>
    public List<string> Violations { get; } = [];

    /// <summary>Whether what happens is written down for a person who replays a seed.</summary>
    public bool IsTraced { get; init; }

    /// <summary>What happened when.</summary>
    public IReadOnlyList<string> Trace => _trace;

    public void Residual(LocalUpdateRequest request, string[] counted) => _residuals[Key(request)] = counted;

    public string[] LastResidual(LocalUpdateRequest request) => _residuals[Key(request)];

    public void Note(DateTimeOffset now, Func<string> text)
    {
        if (IsTraced)
            _trace.Add($"{now:HH:mm:ss.fff} {text()}");
    }

    public void Told(string module, MergeRoundStatus status, int round)
    {
        if (status.Phase is MergePhase.Rejected)
            Rejected.Add((module, round));
        if (status is not { Phase: MergePhase.Closed, Result: { } result })
            return;
        if (Closed.TryAdd((module, round), result.Number))
            return;
        int known = Closed[(module, round)];
        if (known != result.Number)
            Violations.Add(
                $"round {round} of {module} was closed with version {known} and with version {result.Number}"
            );
    }

    private static string Key(LocalUpdateRequest request) => $"{request.NodeIndex} {request.WorkKey}";
}
