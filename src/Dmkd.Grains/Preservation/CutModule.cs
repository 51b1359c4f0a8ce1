using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Preservation;

namespace Dmkd.Grains.Preservation;

/// <summary>A module cut out of the legacy model, not yet distilled.</summary>
internal sealed record CutModule(
    ModuleRole Role, int? Cluster, int[] Classes, string Architecture, SpaceWidth[] Widths, double ImportanceShare, byte[] Weights);
