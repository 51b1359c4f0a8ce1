using Dmkd.Contracts.Runs;
using Dmkd.Core;
using Dmkd.Core.Routing;
using Dmkd.Data;

namespace Dmkd.Grains.Routing;

/// <summary>Fits a library's routing to what nodes told about their exemplars (docs/adr/0018).</summary>
internal static class GateFitting
{
    /// <summary>Fits the gate's MLP, or the affine pairs. Same input, same parameters.</summary>
    public static GateParameters Fit(RunSettings settings, ScoredExemplars exemplars) => ScorerGate.IsNamed(settings.Routing.Gate)
        ? new GateParameters
        {
            Scorer = ScorerGateFit.Fit(
                settings.Routing.Gate, exemplars.Experts, exemplars.Labels, exemplars.Descriptors, settings.Routing.SpecializationWeight,
                SeedSequence.Derive(settings.Seed, SeedPurpose.PairScorer)),
        }
        : new GateParameters { Pairs = AffineCalibration.Fit(exemplars.Experts, exemplars.Labels) };
}
