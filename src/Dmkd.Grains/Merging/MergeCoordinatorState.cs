using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;

namespace Dmkd.Grains.Merging;

/// <summary>What a merge coordinator persists: the current round; the accepted updates lie in the weight store.</summary>
internal sealed class MergeCoordinatorState
{
    public MergeRoundPlan? Plan { get; set; }

    public MergePhase Phase { get; set; }

    /// <summary>By node.</summary>
    public Dictionary<string, AcceptedDelta> Accepted { get; set; } = [];

    public ModuleVersion? Result { get; set; }

    public double DeviceSeconds { get; set; }

    public string? Error { get; set; }
}

/// <summary>An update that counts.</summary>
/// <param name="Digest">Where the serialized submission lies in the weight store.</param>
/// <param name="PayloadBytes">Its size.</param>
/// <param name="DenseBytes">What it would have taken as dense fp32.</param>
/// <param name="SampleCount">Images it was trained on.</param>
internal sealed record AcceptedDelta(string Digest, long PayloadBytes, long DenseBytes, long SampleCount);
