using Dmkd.Contracts.Preservation;
using Dmkd.Core.Devices;
using Dmkd.Core.Models;
using Dmkd.Core.Preservation;
using Dmkd.Core.Tensors;

namespace Dmkd.Grains.Preservation;

/// <summary>
/// A TorchScript program can be asked but not cut: a network of a built-in architecture learns all its answers first,
/// and is
/// scored, partitioned and cut in its place. The experts then still learn from the program itself.
/// </summary>
internal static class SurrogateWork
{
    /// <summary>Distils the surrogate from random weights; run on a device lane.</summary>
    public static DistilledModule Run(
        DeviceJob job,
        PreservationSettings settings,
        DistillationData data,
        Action<double> progress
    )
    {
        var architecture = ArchitectureCatalog.Parse(settings.Architecture);
        using var random = WeightTransfer.RandomWeights(architecture, PreservationRules.RandomWeightsSeed(settings));
        return DistilWork.Run(
            job,
            settings,
            settings.Architecture,
            WeightCodec.Encode(random),
            [.. Enumerable.Range(0, architecture.OutputCount)],
            data,
            settings.GateEpochs,
            PreservationRules.SurrogateSeed(settings),
            progress
        );
    }
}
