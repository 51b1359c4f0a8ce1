using Dmkd.Core.Modules;
using static TorchSharp.torch;

namespace Dmkd.Core.Merging.Compression;

/// <summary>Sends every tensor whole: the control without compression.</summary>
public sealed class DenseCompressor : IDeltaCompressor
{
    /// <inheritdoc/>
    public string Name => CompressorCatalog.Dense;

    /// <inheritdoc/>
    public CompressedDelta Compress(WeightSet delta)
    {
        ArgumentNullException.ThrowIfNull(delta);
        return new CompressedDelta([.. delta.Select(pair => Whole(pair.Key, pair.Value))]);
    }

    /// <summary>One tensor, whole.</summary>
    internal static DenseTensor Whole(string name, Tensor tensor)
    {
        WeightSchema.RequireFinite(name, tensor, "delta");
        return new DenseTensor(name, tensor.shape, ValueCodec.Encode(tensor, ValueFormat.Fp32));
    }
}
