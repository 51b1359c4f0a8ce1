using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Merging.Exchanges;

/// <summary>
/// Sends later what compression dropped (proposal 3.4): <c>e &lt;- Δ + e - decompress(compress(Δ + e))</c>, with the
/// residual <c>e</c> zero at first (Karimireddy et al. 2019). Without it the dropped part is lost for good; with it the
/// sum of all updates sent differs from the sum of all updates made by the last residual only. The residual belongs to
/// a node and a module. Local training of many steps must start from base + e, so that trained - base is Δ + e: started
/// from the base it would make up for what is missing there, and the residual would be counted twice.
/// </summary>
public static class ErrorFeedback
{
    /// <summary>Packs an update that holds what earlier ones left out, see <see cref="Add"/>.</summary>
    /// <param name="exchange">Makes the update small.</param>
    /// <param name="update">The update, <c>Δ + e</c>. Borrowed.</param>
    /// <param name="basis">The round's basis; null in a round of one phase.</param>
    /// <returns>The update to send, and what it leaves out: zero where the update goes whole in fp32.</returns>
    /// <exception cref="ArgumentException">As the exchange's; the message names the tensor.</exception>
    public static FedBackUpdate Pack(IUpdateExchange exchange, NodeUpdate update, CompressedDelta? basis)
    {
        ArgumentNullException.ThrowIfNull(exchange);
        ArgumentNullException.ThrowIfNull(update);
        var sent = exchange.Pack(update, basis);
        var tensors = sent.Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        var residual = update.Delta.Map(
            (name, tensor) =>
                tensor.to(ScalarType.Float64).sub_(DeltaDecompressor.Precise(tensors[name])).to(ScalarType.Float32)
        );
        return new FedBackUpdate(sent, residual);
    }

    /// <summary>
    /// The update to compress, <c>Δ + e</c>: what a PowerSGD node projects in phase one. Also the weights to train
    /// from, base + e.
    /// </summary>
    /// <param name="delta">The update, or the base. Borrowed.</param>
    /// <param name="residual">What the last update left, of the same names and shapes; null at first. Borrowed.</param>
    /// <returns>The sum, in the update's order, owned by the caller.</returns>
    /// <exception cref="ArgumentException">Names or shapes differ; the message names the tensor.</exception>
    public static WeightSet Add(WeightSet delta, WeightSet? residual)
    {
        ArgumentNullException.ThrowIfNull(delta);
        if (residual is null)
            return delta.Clone();
        WeightSchema.RequireSame(delta, residual, nameof(residual));
        return delta.Map((name, tensor) => tensor + residual[name]);
    }
}

/// <summary>An update to send and what it leaves out for later. Owns the residual.</summary>
/// <param name="Sent">The update.</param>
/// <param name="Residual">Of the update's names and shapes.</param>
public sealed record FedBackUpdate(CompressedDelta Sent, WeightSet Residual) : IDisposable
{
    /// <summary>Disposes the residual.</summary>
    public void Dispose() => Residual.Dispose();
}
