using Dmkd.Core.Modules;
using static TorchSharp.torch;

namespace Dmkd.Core.Merging.Compression;

/// <summary>
/// Sends later what compression dropped (proposal 3.4): <c>e &lt;- Δ + e - decompress(compress(Δ + e))</c>, with the residual
/// <c>e</c> zero at first (Karimireddy et al. 2019). Without it the dropped part is lost for good; with it the sum of all
/// updates sent differs from the sum of all updates made by the last residual only. The residual belongs to a node and a module.
/// Local training of many steps must start from base + e, so that trained - base is Δ + e: started from the base it would make up
/// for what is missing there, and the residual would be counted twice.
/// </summary>
public static class ErrorFeedback
{
    /// <summary>Compresses an update and what earlier ones left.</summary>
    /// <param name="compressor">Makes the update small. A PowerSGD one must have its basis from projections of the same sum, see <see cref="Add"/>.</param>
    /// <param name="delta">The update. Borrowed.</param>
    /// <param name="residual">What the last call left, of the update's names and shapes; null at first. Borrowed.</param>
    /// <returns>The update to send, and the new residual, owned by the caller: zero where the update goes whole in fp32.</returns>
    /// <exception cref="ArgumentException">Names or shapes differ, or a value is not finite; the message names the tensor.</exception>
    public static (CompressedDelta Sent, WeightSet Residual) Compress(IDeltaCompressor compressor, WeightSet delta, WeightSet? residual)
    {
        ArgumentNullException.ThrowIfNull(compressor);
        using var wanted = Add(delta, residual);
        var sent = compressor.Compress(wanted);
        var tensors = sent.Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        return (sent, wanted.Map((name, tensor) => tensor.to(ScalarType.Float64).sub_(DeltaDecompressor.Precise(tensors[name])).to(ScalarType.Float32)));
    }

    /// <summary>The update to compress, <c>Δ + e</c>: what a PowerSGD node projects in phase one. Also the weights to train from, base + e.</summary>
    /// <param name="delta">The update, or the base. Borrowed.</param>
    /// <param name="residual">What the last update left, of the same names and shapes; null at first. Borrowed.</param>
    /// <returns>The sum, in the update's order, owned by the caller.</returns>
    /// <exception cref="ArgumentException">Names or shapes differ; the message names the tensor.</exception>
    public static WeightSet Add(WeightSet delta, WeightSet? residual)
    {
        ArgumentNullException.ThrowIfNull(delta);
        if (residual is null) return delta.Clone();
        WeightSchema.RequireSame(delta, residual, nameof(residual));
        return delta.Map((name, tensor) => tensor + residual[name]);
    }
}
