using Dmkd.Contracts.Legacy;

namespace Dmkd.Grains.Legacy;

/// <summary>What a legacy model persists: its plan and what has been reached.</summary>
internal sealed class LegacyModelState
{
    public LegacyPlan? Plan { get; set; }

    public LegacyStage Stage { get; set; }

    public LegacyModel? Model { get; set; }

    public PreservedExpert[] Experts { get; set; } = [];

    public LegacyFeatures? Features { get; set; }

    public double DeviceSeconds { get; set; }

    public string? Error { get; set; }
}
