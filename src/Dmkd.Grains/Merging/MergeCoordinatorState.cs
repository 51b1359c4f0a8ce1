using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;

namespace Dmkd.Grains.Merging;

/// <summary>
/// What a merge coordinator persists: the current round; submissions and weights lie in the weight store.
/// </summary>
internal sealed class MergeCoordinatorState
{
    public MergeRoundPlan? Plan { get; set; }

    public MergePhase Phase { get; set; }

    /// <summary>
    /// Form of what the round has collected: 1 is safetensors; 0, of programs before 0.2, is not read any more.
    /// </summary>
    public int Form { get; set; }

    /// <summary>When the round was opened, by this coordinator's clock.</summary>
    public DateTimeOffset BegunAt { get; set; }

    /// <summary>When the current collection began: the round, or its second exchange.</summary>
    public DateTimeOffset OpenedAt { get; set; }

    /// <summary>Parts of the shared basis, by node.</summary>
    public Dictionary<string, AcceptedUpdate> Projected { get; set; } = [];

    /// <summary>The shared basis, once it is known.</summary>
    public StoredBlob? Basis { get; set; }

    /// <summary>Updates, by node.</summary>
    public Dictionary<string, AcceptedUpdate> Accepted { get; set; } = [];

    /// <summary>Participants that will not submit, with the reason.</summary>
    public Dictionary<string, string> Withdrawn { get; set; } = [];

    /// <summary>Seconds from the round's opening until each update came, also when it came too late.</summary>
    public Dictionary<string, double> Arrivals { get; set; } = [];

    /// <summary>What was refused in this round: node, check, limit and value.</summary>
    public List<string> Refusals { get; set; } = [];

    /// <summary>The decided version: published once the phase says so.</summary>
    public ModuleVersion? Result { get; set; }

    /// <summary>Momentum of the outer optimizer after the newest version; null without.</summary>
    public string? Momentum { get; set; }

    /// <summary>
    /// Momentum that the decided version leaves; becomes <see cref="Momentum"/> when it is published.
    /// </summary>
    public string? NextMomentum { get; set; }

    /// <summary>
    /// Fingerprints of updates accepted in earlier rounds, newest last: the same update does not count twice.
    /// </summary>
    public List<string> Seen { get; set; } = [];

    public double DeviceSeconds { get; set; }

    public string? Error { get; set; }
}
